/** Texts that a parser of questions may stumble over. */
export const ODD_TEXTS = [
  "'",
  '\\',
  "a\\'b",
  ':*',
  '!!',
  '<->',
  '&|',
  "'; drop table memories; --",
  '"',
  '-"',
  '((',
  '%',
  '\u200b',
  '日本語',
  'http://a.b/c?d=e',
  'x'.repeat(5000),
]
