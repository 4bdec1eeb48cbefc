import { captureIfPossible } from '../child-process.mjs'

/**
 * The account (name, uid, gid) that owns and runs a private cluster, or undefined for the current user.
 * PostgreSQL refuses to run as root, so root hands over to `postgres`, or to `nobody` where that is missing.
 */
export async function serverAccount() {
  if (process.getuid?.() !== 0) return undefined
  for (const name of ['postgres', 'nobody']) {
    const uid = await captureIfPossible('id', ['-u', name])
    const gid = await captureIfPossible('id', ['-g', name])
    if (uid && gid) return { name, uid: Number(uid), gid: Number(gid) }
  }
  throw new Error('PostgreSQL does not run as root, and there is neither a user "postgres" nor "nobody".')
}
