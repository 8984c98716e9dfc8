/** Stands for fast-xml-parser, with which openapi-sampler writes samples of XML. */
export class XMLBuilder {
  build() {
    return ''
  }
}
