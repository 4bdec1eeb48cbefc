// Node has WebAssembly, but its types stand in the DOM library, which has no place in a program without a page.
declare namespace WebAssembly {
  type ModuleImports = Record<string, unknown>
  class RuntimeError extends Error {}
  function instantiate(
    bytes: Uint8Array,
    imports: Record<string, ModuleImports>,
  ): Promise<{ instance: { exports: Record<string, unknown> } }>
}
