// Parses the guide's pictures with the library that draws them.
import { readFileSync } from 'node:fs'
import mermaid from 'mermaid'

const picturesOf = (page) => readFileSync(page, 'utf8').split('```mermaid\n').slice(1).map((rest) => rest.split('```')[0])
const pictures = process.argv.slice(2).flatMap(picturesOf)
for (const picture of pictures) {
  const { diagramType } = await mermaid.parse(picture)
  if (diagramType !== 'sequence') throw new Error(`a picture is no sequence: ${diagramType}`)
}
if (!pictures.length) throw new Error('no pictures')
console.log(`${pictures.length} pictures`)
