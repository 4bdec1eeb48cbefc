import type { Command } from '../command/command.js'
import { add } from './add.js'
import { createCompletions } from './completions.js'
import { doctor } from './doctor.js'
import { exportArchive } from './export.js'
import { importArchive } from './import.js'
import { init } from './init.js'
import { migrate } from './migrate.js'
import { modelsActivate, modelsList, modelsRegister, modelsRetire } from './models.js'
import { purge } from './purge.js'
import { reembed } from './reembed.js'
import { reindex } from './reindex.js'
import { search } from './search.js'
import { stats } from './stats.js'
import { sweep } from './sweep.js'
import { toolsList, toolsRegister, toolsRemove, toolsSelect, toolsShow } from './tools.js'
import { toolsFailing, toolsNeverUsed, toolsTrending } from './tools-fare.js'
import { toolsDisable, toolsEnable } from './tools-switch.js'
import { toolsUsage } from './tools-usage.js'
import { toolsValidate } from './tools-validate.js'

/** Everything that `funes` can do, in the order of its help. */
export const COMMANDS: readonly Command[] = [
  init,
  migrate,
  doctor,
  search,
  add,
  stats,
  exportArchive,
  importArchive,
  purge,
  sweep,
  reindex,
  modelsList,
  modelsRegister,
  modelsActivate,
  modelsRetire,
  reembed,
  toolsList,
  toolsShow,
  toolsRegister,
  toolsSelect,
  toolsValidate,
  toolsUsage,
  toolsTrending,
  toolsFailing,
  toolsNeverUsed,
  toolsEnable,
  toolsDisable,
  toolsRemove,
  createCompletions(() => COMMANDS),
]
