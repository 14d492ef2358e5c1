// The site's own say in each event, before it is kept.

import { clean, say } from './guard.js';
import { toJson } from './json.js';
import {
  EVENT_NAME,
  EVENT_PROPS,
  EVENT_TIME,
  EVENT_TITLE,
  EVENT_URL,
  NAME_BYTES_MAX,
  PROPS_BYTES_MAX,
  URL_UNITS_MAX,
} from './layout.js';
import { chosen } from './rules.js';

const TEXTS = Object.entries({ name: EVENT_NAME, url: EVENT_URL, title: EVENT_TITLE });

let hasSaid;

/** From an event's lines to those that are kept: none for an event that the site drops, its own where the site gives no event. */
export function review(text) {
  const lines = text.split('\n');
  try {
    const event = { time: +lines[EVENT_TIME], props: JSON.parse(lines[EVENT_PROPS] || '{}') };
    for (const [name, line] of TEXTS) event[name] = lines[line];
    const kept = chosen.beforeSend(event);
    if (kept === null || kept === false) return '';
    const json = toJson(kept.props ?? {});
    if (!kept.name.trim() || kept.name[NAME_BYTES_MAX] || json[0] != '{' || json[PROPS_BYTES_MAX]) throw 'no event';
    for (const [name, line] of TEXTS) lines[line] = clean(kept[name] ?? '', URL_UNITS_MAX);
    lines[EVENT_PROPS] = json;
    return lines.join('\n');
  } catch (error) {
    if (!hasSaid) say(`beforeSend is passed over: ${error}`);
    hasSaid = true;
    return text;
  }
}
