/** The `schemas` that the datasource of some Prisma schema files lists; empty when it lists none. */
export function readNamespaces(schemas: readonly string[]): string[] {
  const text = schemas.join('\n').replace(/\/\/.*$/gm, '')
  const datasource = /^\s*datasource\s+\w+\s*\{([^}]*)\}/m.exec(text)?.[1] ?? ''
  const list = /^\s*schemas\s*=\s*\[([^\]]*)\]/m.exec(datasource)?.[1] ?? ''
  return [...list.matchAll(/"((?:[^"\\]|\\.)*)"/g)].map((match) => JSON.parse(`"${match[1]}"`) as string)
}
