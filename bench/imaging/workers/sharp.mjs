// sharp, both ways: a pipeline a size, which is what most people write, or one decode and a pyramid of raw pixels.
// It speaks the lines that serve.py describes. At its best: one thread, no caches, mozjpeg off.

import { mkdirSync, readFileSync, writeFileSync } from 'node:fs'
import { createRequire } from 'node:module'
import { join } from 'node:path'
import { createInterface } from 'node:readline'

const sharp = createRequire(join(process.argv[2], 'package.json'))('sharp')
sharp.concurrency(1)
sharp.cache(false)

const say = (answer) => process.stdout.write(JSON.stringify(answer) + '\n')

const encoders = {
  jpeg: (image, { quality }) => image.jpeg({ quality, mozjpeg: false, chromaSubsampling: '4:2:0' }),
  webp: (image, { quality, effort }) => image.webp({ quality, effort }),
  avif: (image, { quality, effort }) => image.avif({ quality, effort, chromaSubsampling: '4:2:0' }),
}

const sized = (image, { width, height }) => image.resize(width, height, { fit: 'fill', kernel: 'lanczos3' })

const marked = (image, { mark }) =>
  mark
    ? image.composite([{
        input: mark.rgba,
        raw: { width: mark.width, height: mark.height, channels: 4 },
        left: mark.left,
        top: mark.top,
      }])
    : image

const finished = (image, output) => encoders[output.format](marked(image, output), output).toBuffer()

const ways = {
  async 'per-size' (original, outputs) {
    const made = {}
    for (const output of outputs) {
      made[output.name] = await finished(sized(sharp(original).autoOrient(), output), output)
    }
    return made
  },
  async pyramid (original, outputs) {
    const made = {}
    let level = sharp(original).autoOrient()
    for (const output of outputs) {
      const { data, info: raw } = await sized(level, output).removeAlpha().raw().toBuffer({ resolveWithObject: true })
      made[output.name] = await finished(sharp(data, { raw }), output)
      level = sharp(data, { raw })
    }
    return made
  },
}

const render = ways[process.argv[3]]
let original, outputs, made

const requests = {
  load (request) {
    original = readFileSync(request.path)
    outputs = request.outputs.map((output) => ({
      ...output,
      mark: output.mark && { ...output.mark, rgba: readFileSync(output.mark.path) },
    }))
    made = {}
    return {}
  },
  async render ({ times }) {
    const ms = []
    for (let time = 0; time < times; time++) {
      const start = process.cpuUsage()
      made = await render(original, outputs)
      const spent = process.cpuUsage(start)
      ms.push((spent.user + spent.system) / 1000)
    }
    const bytes = Object.fromEntries(Object.entries(made).map(([name, body]) => [name, body.length]))
    return { ms, bytes, notes: {} }
  },
  keep ({ folder }) {
    mkdirSync(folder, { recursive: true })
    for (const [name, body] of Object.entries(made)) writeFileSync(join(folder, name), body)
    return {}
  },
}

const { sharp: version, vips } = sharp.versions
say({ versions: { sharp: version, 'libvips of sharp': vips, Node: process.versions.node } })
for await (const line of createInterface({ input: process.stdin })) {
  const request = JSON.parse(line)
  say(await requests[request.do](request))
}
