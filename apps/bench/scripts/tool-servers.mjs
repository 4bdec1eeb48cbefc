const KEY = 'made-up-key-0123456789abcdef'
const MCP = '@modelcontextprotocol/server'

/** Published MCP servers under licences that let their texts be passed on. `prefix` sets tools of equal names apart. */
export const SERVERS = [
  { prefix: 'filesystem', package: `${MCP}-filesystem`, version: '2025.12.18', args: ['.'] },
  { prefix: 'memory', package: `${MCP}-memory`, version: '2025.11.25' },
  { prefix: 'github', package: `${MCP}-github`, version: '2025.4.8' },
  {
    ...{ prefix: 'slack', package: `${MCP}-slack`, version: '2025.4.25' },
    env: { SLACK_BOT_TOKEN: KEY, SLACK_TEAM_ID: 'T1' },
  },
  { prefix: 'maps', package: `${MCP}-google-maps`, version: '0.6.2', env: { GOOGLE_MAPS_API_KEY: KEY } },
  { prefix: 'playwright', package: '@playwright/mcp', version: '0.0.83' },
  { prefix: 'devtools', package: 'chrome-devtools-mcp', version: '1.11.0' },
  { prefix: 'notion', package: '@notionhq/notion-mcp-server', version: '2.5.2', env: { NOTION_TOKEN: KEY } },
  { prefix: 'desktop', package: '@wonderwhy-er/desktop-commander', version: '0.2.52' },
  {
    ...{ prefix: 'gitlab', package: '@zereight/mcp-gitlab', version: '2.1.64' },
    env: { GITLAB_PERSONAL_ACCESS_TOKEN: KEY },
  },
  { prefix: 'mongodb', package: 'mongodb-mcp-server', version: '3.0.4', args: ['--telemetry', 'disabled'] },
  {
    ...{ prefix: 'circleci', package: '@circleci/mcp-server-circleci', version: '0.20.0' },
    env: { CIRCLECI_TOKEN: KEY },
  },
  { prefix: 'kubernetes', package: 'mcp-server-kubernetes', version: '4.1.7' },
  { prefix: 'tavily', package: 'tavily-mcp', version: '0.2.22', env: { TAVILY_API_KEY: KEY } },
  {
    ...{ prefix: 'firecrawl', package: 'firecrawl-mcp', version: '3.26.0' },
    env: { FIRECRAWL_API_KEY: `fc-${KEY}` },
  },
  { prefix: 'airtable', package: 'airtable-mcp-server', version: '1.14.0', env: { AIRTABLE_API_KEY: KEY } },
  {
    ...{ prefix: 'hubspot', package: '@hubspot/mcp-server', version: '0.4.0' },
    env: { PRIVATE_APP_ACCESS_TOKEN: KEY },
  },
]
