import { walkSchema } from './schema/walk.js'
import type { JsonSchema } from './types.js'

/** What full text reads of a tool at most, in characters: the description first. */
const MAX_TEXT = 50_000

/** The words of a name in snake, kebab or camel case: `getHTTPStatus_v2` is `get HTTP Status v2`. */
export function nameWords(name: string): string {
  return name
    .replace(/(\p{Ll}|\p{N})(\p{Lu})/gu, '$1 $2')
    .replace(/(\p{Lu})(\p{Lu}\p{Ll})/gu, '$1 $2')
    .replace(/[^\p{L}\p{N}]+/gu, ' ')
    .trim()
}

/** What words find a tool by: the words of its name, its description, and the names and descriptions of its parameters. */
export function searchText(name: string, description: string, parameters: JsonSchema): string {
  const words = nameWords(name)
  const texts = [words === name ? name : `${words} ${name}`, description]
  walkSchema(parameters, ({ description: about, title, properties }) => {
    for (const text of [title, about]) if (typeof text === 'string') texts.push(text)
    if (typeof properties !== 'object' || properties === null) return
    texts.push(Object.keys(properties).map(nameWords).join(' '))
  })
  // Cut between characters: half of a surrogate pair cannot be stored.
  return texts.join('\n').slice(0, MAX_TEXT).toWellFormed()
}
