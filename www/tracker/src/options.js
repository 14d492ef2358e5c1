// Options as a page gives them, to options as the tracker takes them. A bad one is one sentence, and its default.

const isOneOf = (...accepted) => [(value) => accepted.includes(value), accepted.map((one) => JSON.stringify(one)).join(' or ')];
const isFrom = (least, most) => [(value) => value >= least && value <= most, `a number from ${least} to ${most}`];
const isText = [(value) => typeof value == 'string' && value, 'a text'];

function isZone(zone) {
  try {
    return zone === false || zone == 'local' || new Intl.DateTimeFormat('en', { timeZone: zone });
  } catch {}
}

/** Each option: its test, what is accepted in words, its default. */
const known = {
  collector: isText,
  site: [...isText, globalThis.location?.hostname || 'site'],
  timeoutMinutes: [...isFrom(1, 1440), 30],
  midnight: [isZone, '"local", "UTC", an IANA zone or false', 'local'],
  campaign: [...isOneOf(true, false), true],
  maxHours: isFrom(1, 720),
  autocapture: [...isOneOf(true, false), true],
  storage: [...isOneOf('local', 'memory'), 'local'],
  gpc: [...isOneOf('respect', 'ignore'), 'respect'],
  debug: [...isOneOf(true, false), false],
};

export const say = (sentence) => console.warn('shopbell: ' + sentence);

/** Checked options with every default, or nothing where the tracker must not start. */
export function check(given) {
  const options = {};
  let refused;
  for (const name in known) options[name] = known[name][2];
  for (const name in given) {
    const value = given[name];
    if (!known[name]) {
      // A page that asks for these relies on them: better no tracking than tracking without.
      refused ||= name == 'consent' || name == 'beforeSend';
      say(`option "${name}" is not known; accepted are ${Object.keys(known).join(', ')}.`);
    } else if (value !== undefined) {
      const [test, accepted, usual] = known[name];
      if (test(value)) options[name] = value;
      else say(`option "${name}" is ${JSON.stringify(value)}; accepted is ${accepted}, and ${usual ?? 'none'} is used.`);
    }
  }
  if (!options.collector) {
    say('option "collector" is missing; accepted is the URL that events are posted to. Nothing is tracked.');
    return;
  }
  if (!refused) return options;
}

/** Options out of `data-` attributes, which are all text. */
export function read(dataset) {
  const options = {};
  for (const name in dataset) {
    const value = dataset[name];
    options[name] = value == 'true' || (value != 'false' && (value && !isNaN(value) && name != 'site' ? +value : value));
  }
  return options;
}
