// Options as the script's tag gives them: `data-` attributes, and parameters of the script's own URL.

/** Options of a tag, under their names, as text; none without a tag. */
export const given = (tag) => ({
  ...Object.fromEntries(new URLSearchParams(tag?.src?.split('?')[1])),
  ...tag?.dataset,
});
