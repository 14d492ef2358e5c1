// Options as the script's tag gives them: `data-` attributes, and parameters of the script's own URL.

/**
 * The tag of the script that runs; where the browser does not tell (a module, or a bundler's copy), the first that looks like
 * one. A page's element may be named like what the browser tells.
 */
export function findTag() {
  const tag = document.currentScript;
  const isScript = tag?.localName == 'script';
  return isScript ? tag : document.querySelector('script[data-collector], script[src*="collector="]');
}

/** Options of a tag, under their names, as text; none without a tag. */
export const given = (tag) => ({
  ...Object.fromEntries(new URLSearchParams(tag?.src?.split('?')[1])),
  ...tag?.dataset,
});
