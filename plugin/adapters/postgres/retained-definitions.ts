/*
 * Sets of retained values in a table. A set has a row of its own, whose key is ''; and without a name there is a row for each node and
 * log: the number of its last entry with changes.
 *
 * A function changes them. A statement sees what was committed before it has begun, not what was committed while it has waited for the
 * head of the log; the statements of a function do.
 */

export interface RetainedNames {
  /** Identifiers, quoted. */
  readonly retained: string
  /** The function. */
  readonly retain: string
}

/**
 * What creates the table and the function; docs/nodes.md has it for roles that may not. A function that is there is not replaced: another one
 * needs another name.
 */
export function retainedDefinitionsOf({ retained, retain }: RetainedNames): [name: string, text: string][] {
  return [
    [
      retained,
      `CREATE TABLE IF NOT EXISTS ${retained} (
      name text, key text, value text, place bigint, length integer, expires timestamptz,
      PRIMARY KEY (name, key), UNIQUE (name, place)) WITH (fillfactor = 70)`,
    ],
    [
      retain,
      `CREATE OR REPLACE FUNCTION ${retain}(writer text, number bigint, changes json) RETURNS void LANGUAGE plpgsql AS $$
DECLARE
  change record;
  kept record;
  entries integer;
  newest bigint;
BEGIN
  INSERT INTO ${retained} AS stored (name, key, value, expires) VALUES ('', writer, number, now() + interval '1 day')
    ON CONFLICT (name, key) DO UPDATE SET value = excluded.value, expires = excluded.expires
    WHERE stored.value::bigint < excluded.value::bigint;
  IF NOT FOUND THEN RETURN; END IF;
  FOR change IN SELECT * FROM json_to_recordset(changes) AS each (set text, key text, value text, most integer, ttl float8) LOOP
    SELECT length, expires INTO kept FROM ${retained} AS stored WHERE stored.name = change.set AND stored.key = '' FOR UPDATE;
    entries := coalesce(kept.length, 0);
    IF kept.expires <= now() THEN
      DELETE FROM ${retained} AS stored WHERE stored.name = change.set AND stored.key <> '';
      entries := 0;
    END IF;
    IF change.value IS NULL THEN
      DELETE FROM ${retained} AS stored WHERE stored.name = change.set AND stored.key = change.key;
      IF FOUND THEN entries := entries - 1; END IF;
    ELSE
      SELECT coalesce(max(place), 0) INTO newest FROM ${retained} AS stored WHERE stored.name = change.set;
      -- The place is kept, and with it the entries of the indexes, if the key is the newest one anyway.
      UPDATE ${retained} AS stored SET value = change.value, place = CASE place WHEN newest THEN newest ELSE newest + 1 END
        WHERE stored.name = change.set AND stored.key = change.key;
      IF NOT FOUND THEN
        INSERT INTO ${retained} (name, key, value, place) VALUES (change.set, change.key, change.value, newest + 1);
        entries := entries + 1;
      END IF;
      IF entries > change.most THEN
        DELETE FROM ${retained} AS stored WHERE stored.name = change.set AND stored.place IN (
          SELECT place FROM ${retained} AS oldest WHERE oldest.name = change.set AND place IS NOT NULL
          ORDER BY place LIMIT entries - change.most);
        entries := change.most;
      END IF;
    END IF;
    INSERT INTO ${retained} (name, key, length, expires)
      VALUES (change.set, '', entries, now() + change.ttl * interval '1 ms')
      ON CONFLICT (name, key) DO UPDATE SET length = excluded.length, expires = excluded.expires;
  END LOOP;
END $$`,
    ],
  ]
}
