// The little of the optional peer that is used: its own types would need the package, of 450 MB, to be installed here.
declare module '@huggingface/transformers' {
  export function pipeline(
    task: 'feature-extraction',
    model: string,
    options?: { dtype?: string },
  ): Promise<import('./transformers.js').FeatureExtractor>
}
