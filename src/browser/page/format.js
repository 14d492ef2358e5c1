// Made by `cargo x build` of the core's formats. Do not edit.

/** What stands behind the collector's URL. @type {string} */
export const PATH = '';

/** The body's media type, where it is not plain text. @type {string} */
export const MEDIA_TYPE = '';

/** Another header than Retry-After that says the same. @type {string} */
export const RESET_HEADER = '';

/** Whether the site is the user of basic authentication. @type {boolean} */
export const IS_BASIC = false;

/** Whether answers mean more than their status. @type {boolean} */
export const READS_ANSWERS = false;

/** Whether a collector may say that it takes gzip. @type {boolean} */
export const TAKES_GZIP = true;
