// A control for the site's privacy page.

/**
 * A part: a labelled checkbox in each element with `data-shopbell-opt-out`, whose value is the label. Checked, nothing of this
 * visitor is tracked on this site, nothing is left of what was, and that alone is remembered.
 */
export const optOut = () => (shopbell) => {
  const elements = /** @type {NodeListOf<HTMLElement>} */ (document.querySelectorAll('[data-shopbell-opt-out]'));
  for (const element of elements) {
    const label = document.createElement('label');
    const box = document.createElement('input');
    box.type = 'checkbox';
    box.checked = shopbell.optOut();
    box.onchange = () => (box.checked = shopbell.optOut(box.checked));
    label.append(box, ` ${element.dataset.shopbellOptOut || 'Do not track me'}`);
    element.replaceChildren(label);
  }
};
