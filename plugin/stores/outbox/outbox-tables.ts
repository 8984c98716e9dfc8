import { type PostgresNames, quoted } from '../../adapters/postgres/postgres-tables.js'

/*
 * The tables and functions of an outbox. A row gets its place at the commit, under a lock that is held until the commit is seen: so places are
 * in the order of the commits, and whoever sees a place sees all before it.
 */

/** Rows that one statement deletes. */
const BITE = 1_000

export interface OutboxNames {
  /** The function that writes an emit; quoted. */
  readonly emit: string
  /** Not quoted. */
  readonly channel: string
  /** What creates the tables and the functions, by the quoted name of a table, an index or a sequence. */
  readonly definitions: ReadonlyMap<string, string>
  readonly statements: OutboxStatements
}

export type OutboxStatements = ReturnType<typeof statementsOf>

export function outboxNamesOf(prefix: string, names: PostgresNames): OutboxNames {
  const [table, index, places, reader, place] = ['', '_place', '_places', '_reader', '_commit'].map((of) =>
    quoted(names.channel(`outbox${of}`)),
  ) as [string, string, string, string, string]
  const channel = names.channel('outbox')
  // A name that any language can write without quotes.
  const emit = quoted(`${prefix.replaceAll(/\W/g, '_')}_emit`)
  const text = (value: string) => `'${value.replaceAll("'", "''")}'`
  return {
    emit,
    channel,
    statements: statementsOf(table, reader),
    definitions: new Map([
      [
        table,
        `CREATE TABLE IF NOT EXISTS ${table} (
      id bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY, place bigint, address text NOT NULL CHECK (starts_with(address, '/')),
      event text NOT NULL CHECK (event <> ''), payload jsonb, rooms text[] NOT NULL, except_rooms text[] NOT NULL, is_checked boolean NOT NULL,
      at timestamptz NOT NULL DEFAULT now(), error text)`,
      ],
      [index, `CREATE INDEX IF NOT EXISTS ${index} ON ${table} (place) WHERE error IS NULL`],
      // Not owned by its column: places go on if the table is made again.
      [places, `CREATE SEQUENCE IF NOT EXISTS ${places}`],
      [
        reader,
        `CREATE TABLE IF NOT EXISTS ${reader} (id integer PRIMARY KEY, delivered bigint NOT NULL, mark text, timeline text);
      INSERT INTO ${reader} (id, delivered) VALUES (1, 0) ON CONFLICT DO NOTHING;
      CREATE OR REPLACE FUNCTION ${place}() RETURNS trigger LANGUAGE plpgsql SET search_path FROM CURRENT AS $$ BEGIN
        IF current_setting('synchronous_commit') = 'off' THEN PERFORM set_config('synchronous_commit', 'on', true); END IF;
        PERFORM pg_advisory_xact_lock(hashtextextended(${text(channel)}, 0));
        UPDATE ${table} SET place = nextval(${text(places)}) WHERE id = NEW.id;
        PERFORM pg_notify(${text(channel)}, '');
        RETURN NULL;
      END $$;
      DROP TRIGGER IF EXISTS ${place} ON ${table};
      CREATE CONSTRAINT TRIGGER ${place} AFTER INSERT ON ${table}
        DEFERRABLE INITIALLY DEFERRED FOR EACH ROW EXECUTE FUNCTION ${place}();
      CREATE OR REPLACE FUNCTION ${emit}(address text, event text, payload jsonb DEFAULT NULL, rooms text[] DEFAULT '{}',
        except_rooms text[] DEFAULT '{}', is_checked boolean DEFAULT false)
      RETURNS void LANGUAGE sql SET search_path FROM CURRENT AS $$
        INSERT INTO ${table} (address, event, payload, rooms, except_rooms, is_checked)
        VALUES ($1, $2, $3, coalesce($4, '{}'), coalesce($5, '{}'), coalesce($6, false))
      $$`,
      ],
    ]),
  }
}

function statementsOf(table: string, reader: string) {
  return {
    /** Of one node at a time; no row, if it is another one's turn. */
    take: `
      SELECT delivered::text, mark, timeline,
        (SELECT max(place)::text FROM ${table} WHERE error IS NULL) AS last
      FROM ${reader} WHERE id = 1 FOR UPDATE SKIP LOCKED`,
    /** $1 place: what is there up to it, by address. */
    count: `SELECT address, count(*)::integer AS count FROM ${table} WHERE place <= $1 AND error IS NULL GROUP BY address`,
    /** $1 place, $2 rows, $3 bytes: the first row is read whatever it has. */
    read: `
      SELECT id::text, place::text, address, event, payload, to_json(rooms)::text AS rooms, to_json(except_rooms)::text AS except_rooms,
        is_checked::text
      FROM (
        SELECT *, sum(coalesce(octet_length(payload), 0)) OVER (ORDER BY place) - coalesce(octet_length(payload), 0) AS before FROM (
          SELECT id, place, address, event, payload::text AS payload, rooms, except_rooms, is_checked FROM ${table}
          WHERE place > $1 AND error IS NULL ORDER BY place LIMIT $2) AS page
      ) AS sized WHERE before < $3 ORDER BY sized.place`,
    /** $1 delivered, $2 mark, $3 timeline, $4 the place up to which rows are deleted, $5 and $6 what can't be delivered, and why. */
    end: `
      WITH failed AS (
        UPDATE ${table} AS emit SET error = failure.error
        FROM unnest($5::bigint[], $6::text[]) AS failure (id, error) WHERE emit.id = failure.id
      ), gone AS (
        DELETE FROM ${table} WHERE id IN (
          SELECT id FROM ${table} WHERE place <= $4 AND error IS NULL AND id <> ALL ($5::bigint[]) ORDER BY place LIMIT ${BITE})
        RETURNING 1
      )
      UPDATE ${reader} SET delivered = $1, mark = $2, timeline = $3 WHERE id = 1 RETURNING (SELECT count(*) FROM gone)::integer AS gone`,
    /** Whether something waits, and whether there is anything. */
    look: `
      SELECT EXISTS (SELECT 1 FROM ${table} AS emit WHERE emit.place > reader.delivered AND emit.error IS NULL)::text AS waits,
        EXISTS (SELECT 1 FROM ${table} WHERE place IS NOT NULL AND error IS NULL)::text AS is_any
      FROM ${reader} AS reader WHERE id = 1`,
    /** Another one after a failover or a restore: what was committed before may be gone. */
    timeline: `SELECT left(pg_walfile_name(pg_current_wal_lsn()), 8) AS timeline`,
  }
}
