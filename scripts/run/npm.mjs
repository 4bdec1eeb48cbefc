/** The command line that runs npm with these arguments, as `[program, args]`: the npm that started us, if it did. */
export function npmCommand(...args) {
  const script = process.env.npm_execpath
  return script?.endsWith('npm-cli.js') ? [process.execPath, [script, ...args]] : ['npm', args]
}
