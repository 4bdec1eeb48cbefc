import { foreignUser } from './errors.js'

/** An input whose user is known: it may be left out, and can be no other. */
export type Own<T> = Omit<T, 'userId' | 'scope'> & { readonly userId?: string }

function isObject(value: unknown): value is Record<string, unknown> {
  return typeof value === 'object' && value !== null && !Array.isArray(value)
}

/**
 * The input as the stores take it, for `userId` and no other. What is no object at all passes, for the store to refuse.
 *
 * @throws `TENANCY.FOREIGN_USER`
 */
export function ownInput(userId: string, input: unknown = {}, path = ''): never {
  if (!isObject(input)) return input as never
  // Copied before it is looked at: what is looked at is then what is used.
  const copy: Record<string, unknown> = { ...input }
  if (copy.scope !== undefined) throw foreignUser(`${path}scope`)
  if (typeof copy.userId === 'string' && copy.userId !== userId) throw foreignUser(`${path}userId`)
  if (copy.userId === undefined) copy.userId = userId
  delete copy.scope
  return copy as never
}

/** The same for each of many, where there are many. */
export function ownInputs(userId: string, inputs: unknown): never {
  if (!Array.isArray(inputs)) return inputs as never
  return inputs.map((input, i) => ownInput(userId, input, `${i}.`)) as never
}

/** The same for what can be gone through only once. */
export function ownIterable(userId: string, inputs: unknown): never {
  if (Array.isArray(inputs)) return ownInputs(userId, inputs)
  const isIterable = isObject(inputs) && (Symbol.iterator in inputs || Symbol.asyncIterator in inputs)
  if (!isIterable) return inputs as never
  async function* each(): AsyncGenerator<never> {
    for await (const input of inputs as AsyncIterable<unknown>) yield ownInput(userId, input)
  }
  return each() as never
}
