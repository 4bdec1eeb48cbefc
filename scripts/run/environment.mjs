import { delimiter, resolve } from 'node:path'

/** What npm tells its scripts that other tools also need: how to reach the registry. */
const KEPT_FROM_NPM = new Set([
  'npm_config_registry',
  'npm_config_userconfig',
  'npm_config_globalconfig',
  'npm_config_proxy',
  'npm_config_https_proxy',
  'npm_config_noproxy',
  'npm_config_cafile',
])

/**
 * The environment for pnpm, turbo and what they run: the repository's own tools first on the PATH, no telemetry,
 * and without npm's own settings, which npm hands to every script and pnpm would take for its own.
 */
export function toolEnvironment() {
  const entries = Object.entries(process.env).filter(
    ([name]) => !/^npm_/i.test(name) || KEPT_FROM_NPM.has(name.toLowerCase()),
  )
  const env = Object.fromEntries(entries)
  const path = Object.keys(env).find((name) => name.toUpperCase() === 'PATH') ?? 'PATH'
  env[path] = [resolve('node_modules/.bin'), env[path]].filter(Boolean).join(delimiter)
  return {
    ...env,
    CHECKPOINT_DISABLE: '1',
    DO_NOT_TRACK: '1',
    TURBO_NO_UPDATE_NOTIFIER: '1',
    TURBO_TELEMETRY_DISABLED: '1',
  }
}
