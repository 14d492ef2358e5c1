// Options as a page gives them, to options as the tracker takes them. A bad one is one sentence, and its default.

const isIn = (...list) => [(value) => list.includes(value), list.map((one) => JSON.stringify(one)).join(' or '), list[0]];
const isFrom = (least, most, usual) => [
  (value) => value === usual || (value >= least && value <= most), `a number from ${least} to ${most}`, usual,
];
const isText = (most, usual) => [(value) => value && (value + '').length <= most, `a text of 1 to ${most} characters`, usual];

function isZone(zone) {
  try {
    return zone === false || zone == 'local' || new Intl.DateTimeFormat('en', { timeZone: zone });
  } catch {}
}

/** Each option: its test, what is accepted in words, its default. */
const known = {
  collector: isText(2048),
  site: isText(128, globalThis.location?.hostname || 'site'),
  timeoutMinutes: isFrom(1, 1440, 30),
  midnight: [isZone, '"local", "UTC", an IANA zone or false', 'local'],
  campaign: isIn(true, false, 'medium', 'campaign'),
  internalCampaigns: isIn(true, false),
  maxHours: isFrom(1, 720),
  endOnBrowserClose: isIn(false, true),
  gateways: [() => true, , ''], // any list or text may have hosts in it
  autocapture: isIn(true, false),
  storage: isIn('local', 'memory'),
  gpc: isIn('respect', 'ignore'),
  debug: isIn(false, true),
};

export const say = (sentence) => console.warn('shopbell: ' + sentence);

/** Checked options with every default, or nothing where the tracker must not start. */
export function check(given) {
  const options = {};
  for (const name in { ...known, ...given }) {
    const [test, accepted, usual] = known[name] ?? [];
    const value = given?.[name] ?? usual;
    if (!test) say(`option "${name}" is not known; accepted are ${Object.keys(known).join(', ')}.`);
    else if (test(value)) options[name] = value;
    else {
      say(`option "${name}" is ${value}; accepted is ${accepted}, and ${usual ?? 'none'} is used.`);
      options[name] = usual;
    }
  }
  // A page that asks for these relies on them: better no tracking than tracking without.
  if (options.collector && !given.consent && !given.beforeSend) return options;
  say('nothing is tracked');
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
