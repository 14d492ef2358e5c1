// The site's own say in each event, before it is kept.

import { clean, say } from './guard.js';
import { toJson } from './json.js';
import {
  EVENT_ID,
  EVENT_NAME,
  EVENT_PROPS,
  EVENT_TIME,
  EVENT_TITLE,
  EVENT_URL,
  PROPS_BYTES_MAX,
  URL_UNITS_MAX,
} from './layout.js';
import { chosen } from './rules.js';

let hasSaid;

/** From an event's lines to those that are kept: none for an event that the site drops, its own where the site gives no event. */
export function review(text) {
  const lines = text.split('\n');
  try {
    const event = chosen.beforeSend({
      id: lines[EVENT_ID],
      name: lines[EVENT_NAME],
      time: +lines[EVENT_TIME],
      url: lines[EVENT_URL],
      title: lines[EVENT_TITLE],
      props: JSON.parse(lines[EVENT_PROPS] || '{}'),
    });
    if (event === null || event === false) return '';
    const { name, url = '', title = '', props = {} } = event;
    const json = toJson(props);
    if (typeof name != 'string' || !clean(name) || json[0] != '{' || json.length > PROPS_BYTES_MAX)
      throw 'it gives no event';
    lines[EVENT_NAME] = clean(name, 64);
    lines[EVENT_URL] = clean(url, URL_UNITS_MAX);
    lines[EVENT_TITLE] = clean(title);
    lines[EVENT_PROPS] = json == '{}' ? '' : json;
    return lines.join('\n');
  } catch (error) {
    if (!hasSaid) say(`beforeSend is passed over: ${error}`);
    hasSaid = true;
    return text;
  }
}
