// Values as JSON, whatever libraries of the page have made of that.

/**
 * A value as JSON; it throws what the value throws. Old libraries let arrays become texts (`Array.prototype.toJSON`): the holder
 * still has the array itself.
 */
export const toJson = (value) =>
  JSON.stringify(value, function (key, value) {
    return Array.isArray(this[key]) ? this[key] : value;
  });
