/**
 * The first byte of each value; what follows it stands at the tag. Numbers of more than one byte are little-endian.
 *
 * Below `text` the byte is the number itself; from `text` to `undefined` it holds the length of a short string.
 */
export const Tag = {
  /** up to 63 characters of one byte */
  text: 0x80,
  undefined: 0xc0,
  null: 0xc1,
  true: 0xc2,
  false: 0xc3,
  /** 2 bytes, signed */
  int16: 0xc4,
  /** 4 bytes, signed */
  int32: 0xc5,
  /** 8 bytes */
  double: 0xc6,
  /** 4 bytes: length; characters of one byte */
  longText: 0xc7,
  /** 4 bytes: length; characters of two bytes */
  wideText: 0xc8,
  /** 8 bytes, signed */
  bigint64: 0xc9,
  /** whether it is negative, as a value; its digits, hexadecimal, as a value */
  bigint: 0xca,
  /** 1 byte: length; elements */
  list: 0xcb,
  /** 4 bytes: length; elements */
  longList: 0xcc,
  /** 1 byte: number of the shape; values */
  shaped: 0xcd,
  /** 2 bytes: number of the shape; values */
  shapedFar: 0xce,
  /** 2 bytes: number of the shape, which from now on has these keys; 1 byte: how many; keys as values; values */
  shapedNew: 0xcf,
  /** 4 bytes: how many; keys and values in turn */
  record: 0xd0,
  /** 8 bytes: ms since 1970 */
  date: 0xd1,
  /** 4 bytes: size; keys and values in turn */
  map: 0xd2,
  /** 4 bytes: size; values */
  set: 0xd3,
  /** 1 byte: the place of its kind in `BYTE_KINDS`; 4 bytes: length in bytes; bytes */
  bytes: 0xd4,
} as const;

/** Strings up to this length have it in their tag. */
export const LONGEST_TEXT = 0x3f;
