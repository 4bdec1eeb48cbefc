import type { Calls } from '../calls.js'
import { checked } from '../input.js'
import type { MemoryContext } from '../memories/context.js'
import type { Formattable, MCPTool } from './format-types.js'
import { asAnthropic, asMCP, asOpenAI } from './formats.js'
import { registerManySchema } from './input.js'
import { registerAll, registerBatch } from './register.js'
import { getTool, listTools, listVersions, remove, switchTool, validateCall } from './registry.js'
import { findTools } from './select.js'
import type { ExplainedSelection, ExplainTools, SelectTools, ToolHit } from './select-types.js'
import type {
  CallCheck,
  GetTool,
  ListTools,
  RegisteredTool,
  RegisterManyOptions,
  RegisterOneTool,
  RegisterTool,
  RemoveTool,
  Tool,
  ToolKey,
  ToolPage,
  ToolVersion,
  ValidateOptions,
} from './types.js'

/** The tools that agents may call: a registry that is searched by what is to be done. */
export interface Tools {
  /**
   * Registers a tool, or what has changed of it. A changed description or schema makes a new version, and what is known of
   * the old one's use stays; the same again changes nothing, however many register it at once.
   *
   * @throws `INPUT.INVALID`, `INPUT.NUL_CHARACTER`, `TOOL.SCHEMA_INVALID`, `EMBEDDING.*`, `MODEL.REPLACED`, `DB.CONFLICT`; then
   * nothing is written
   * @example
   * await funes.tools.register({
   *   name: 'send_email',
   *   description: 'Sends an email to one person.',
   *   parameters: z.object({ to: z.email(), body: z.string() }),
   *   tags: ['mail'],
   * })
   */
  register(tool: RegisterOneTool): Promise<RegisteredTool>
  /**
   * Registers many, 500 a statement, their vectors made in one call of the embedder each. A batch that fails leaves nothing
   * of itself, those before it stay; only of tools that others register in the same moment, some may be there. To have all or
   * nothing, call it inside `funes.transaction`.
   *
   * @throws as `register`; `meta.place` says which tool it is, from 0, and those of its batch and after it are not registered
   */
  registerMany(
    tools: Iterable<RegisterTool> | AsyncIterable<RegisterTool>,
    options?: RegisterManyOptions,
  ): Promise<RegisteredTool[]>
  /**
   * The tool, as it is or as it was with a version; null when there is none.
   *
   * @throws `INPUT.INVALID`
   */
  get(key: GetTool): Promise<Tool | null>
  /**
   * What a tool was with each of its versions, oldest first, a removed one too; empty when there is none.
   *
   * @throws `INPUT.INVALID`
   */
  versions(key: ToolKey): Promise<ToolVersion[]>
  /**
   * Tools by name, in pages, enabled and disabled.
   *
   * @throws `INPUT.INVALID`
   */
  list(options?: ListTools): Promise<ToolPage>
  /**
   * Selects the tool again.
   *
   * @throws `TOOL.NOT_FOUND`, `INPUT.INVALID`
   */
  enable(key: ToolKey): Promise<Tool>
  /**
   * Selects the tool no more, unless it is asked for; registering it again leaves it disabled.
   *
   * @throws `TOOL.NOT_FOUND`, `INPUT.INVALID`
   */
  disable(key: ToolKey): Promise<Tool>
  /**
   * Takes a tool out of the registry. Its versions and usage stay, for whoever asks what was called, and registering it again
   * brings it back; with `purgeUsage` nothing stays.
   *
   * @throws `TOOL.NOT_FOUND`, `INPUT.INVALID`
   */
  remove(key: RemoveTool): Promise<Tool>
  /**
   * Checks a call's arguments against the tool's schema. Nothing is coerced or filled in, `format` is not checked, and a
   * schema or arguments that would take longer than a quarter of a second are answered as a problem.
   *
   * @throws `TOOL.NOT_FOUND`, `INPUT.INVALID`; never for arguments that are wrong
   * @example
   * const { valid, problems } = await funes.tools.validateCall('send_email', { to: 'ada' })
   * // problems: [{ path: '/body', message: "must have required property 'body'", keyword: 'required' }]
   */
  validateCall(name: string, args: unknown, options?: ValidateOptions): Promise<CallCheck>
  /** As below, with how the selection went and what each score is made of. */
  select(request: ExplainTools): Promise<ExplainedSelection>
  /**
   * The `k` best tools for what is to be done, best first. By meaning, alone or with words, all `k` come whenever so many that
   * have a vector are meant; by words alone, and of tools without a vector, those that have one of the words.
   *
   * @throws `INPUT.INVALID`, `EMBEDDING.*`
   * @example
   * const hits = await funes.tools.select({ text: 'let Ada know that I am late', k: 5 })
   */
  select(request: SelectTools): Promise<ToolHit[]>
  /**
   * The tools in the shape of OpenAI's `tools`, of Chat Completions unless `api` says Responses; with `strict` those that
   * OpenAI can hold the model to. With `onUnsupported`, what it does not take is left out and told of.
   *
   * @throws `TOOL.FORMAT_UNSUPPORTED` naming each tool that it does not take: for alternatives at the top of its schema, for
   * what `strict: true` asks, or for one tool too many; `INPUT.INVALID`
   * @example
   * const tools = funes.tools.asOpenAI(hits, { strict: 'prefer', onUnsupported: ({ tool, problems }) => log(tool.name, problems) })
   */
  asOpenAI: typeof asOpenAI
  /**
   * The tools in the shape of Anthropic's `tools`. With `onUnsupported`, what it does not take is left out and told of.
   *
   * @throws `TOOL.FORMAT_UNSUPPORTED` naming each tool that it does not take: for alternatives at the top of its schema, or
   * for the name of a parameter; `INPUT.INVALID`
   */
  asAnthropic: typeof asAnthropic
  /**
   * The tools in the shape of the Model Context Protocol's `tools/list`.
   *
   * @throws `INPUT.INVALID`
   */
  asMCP(hits: Formattable): MCPTool[]
}

/** @param calls makes public calls of the methods that ask the database */
export function createTools(context: MemoryContext, calls: Pick<Calls, 'over'>): Tools {
  const { executor } = context
  function select(request: ExplainTools): Promise<ExplainedSelection>
  function select(request: SelectTools): Promise<ToolHit[]>
  function select(request: SelectTools | ExplainTools): Promise<ToolHit[] | ExplainedSelection> {
    return findTools(context, request)
  }
  const asking = calls.over('tools', {
    async register(tool: RegisterOneTool) {
      const [registered] = await registerBatch(context, [tool])
      return registered as RegisteredTool
    },
    async registerMany(
      tools: Iterable<RegisterTool> | AsyncIterable<RegisterTool>,
      options: RegisterManyOptions = {},
    ) {
      const { batchSize = 500 } = checked(registerManySchema, options)
      return registerAll(context, tools, batchSize)
    },
    get: async (key: GetTool) => getTool(executor, key),
    versions: async (key: ToolKey) => listVersions(executor, key),
    list: async (options: ListTools = {}) => listTools(executor, options),
    enable: async (key: ToolKey) => switchTool(executor, key, true),
    disable: async (key: ToolKey) => switchTool(executor, key, false),
    remove: async (key: RemoveTool) => remove(executor, key),
    select,
    validateCall: async (call: { name: string; args: unknown; options: ValidateOptions }) =>
      validateCall(executor, call.name, call.args, call.options),
  })
  return {
    ...asking,
    // A tool may have an argument called timeoutMs: what a call is checked for must not be taken for how to check it.
    validateCall: async (name, args, { signal, timeoutMs, ...options } = {}) =>
      asking.validateCall({
        ...{ name, args, options },
        ...(signal !== undefined && { signal }),
        ...(timeoutMs !== undefined && { timeoutMs }),
      }),
    asOpenAI,
    asAnthropic,
    asMCP,
  }
}
