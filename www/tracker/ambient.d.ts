// What the build puts in, and what browsers have that TypeScript's library does not know of.

declare module 'shopbell-glue' {
  export function feed(told: string): number;
  export function __wbg_set_wasm(exports: WebAssembly.Exports): void;
}

declare module 'shopbell-imports' {
  export const imports: WebAssembly.Imports;
}

declare module 'shopbell-inside' {
  export const text: string;
  export const mask: number;
  /** How long each stream of the text is. */
  export const lengths: number[];
  /** Of each instruction, the stream of its number. */
  export const kinds: string;
  export const memory: number;
  export const asItStands: number;
}

declare module 'shopbell-encoded' {
  const encoded: string;
  export default encoded;
}

interface Document {
  prerendering?: boolean;
  wasDiscarded?: boolean;
}

interface Navigator {
  globalPrivacyControl?: boolean;
}

interface PerformanceEntry {
  type?: string;
}

declare const Temporal: { Now: { timeZoneId(): string } };
