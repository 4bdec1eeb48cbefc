// npm makes what `bin` names executable where it installs it; in this repository the file is run as tsc writes it.
import { chmodSync } from 'node:fs'

chmodSync(new URL('../dist/cli.js', import.meta.url), 0o755)
