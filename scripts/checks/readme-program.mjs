import { readFileSync } from 'node:fs'

const block = (marker, languages) =>
  new RegExp(`<!-- ${marker} -->\\s*\`\`\`(${languages})\\n([\\s\\S]*?)\`\`\``)

/**
 * The program that a README shows as running as it stands: `{ program, isTypeScript, output }`, the code block after the comment
 * `<!-- program -->` and the one after `<!-- output -->`, which is undefined where there is none.
 * @throws Error when the README has no such program
 */
export function readmeProgram(path) {
  const text = readFileSync(path, 'utf8')
  const [, language, program] = text.match(block('program', 'ts|js|mjs')) ?? []
  if (!program) throw new Error(`${path} has no code block (ts, js) after a line <!-- program -->.`)
  return { program, isTypeScript: language === 'ts', output: text.match(block('output', 'text|txt|'))?.[2] }
}
