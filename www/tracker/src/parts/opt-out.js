// A control for the site's privacy page.

/**
 * A part: a checkbox in front of the text of each `<label data-shopbell-opt-out>`. Checked, nothing of this visitor is tracked on
 * this site, nothing is left of what was, and that alone is remembered.
 */
export const optOut = () => (shopbell) => {
  for (const label of document.querySelectorAll('[data-shopbell-opt-out]')) {
    const box = document.createElement('input');
    box.type = 'checkbox';
    box.checked = shopbell.optOut();
    box.onchange = () => (box.checked = shopbell.optOut(box.checked));
    label.prepend(box);
  }
};
