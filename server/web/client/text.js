// What people write and read: links, formatting codes, mentions, and cutting a long text into
// messages. Pure functions; the view turns the pieces into nodes by textContent only.

import { foldCase } from './irc.js';

const URL_PATTERN = /\bhttps?:\/\/[^\s<>"'\u0000-\u001f]+/gi;
const NICK_COLOURS = 12;

/** Removes bold, colour, italics and the like (the mIRC codes), and other control characters. */
export function stripFormatting(text) {
  return text
    .replace(/\x03(\d{1,2}(,\d{1,2})?)?/g, '')
    .replace(/\x04([0-9a-fA-F]{6}(,[0-9a-fA-F]{6})?)?/g, '')
    .replace(/[\x00-\x08\x0b-\x1f\x7f]/g, '');
}

// Punctuation that ends a sentence is no part of a link, nor a bracket that was opened before it.
function trimUrl(url) {
  let end = url.length;
  for (;;) {
    const last = url[end - 1];
    const opening = { ')': '(', ']': '[' }[last];
    const kept = url.slice(0, end);
    const unbalanced = opening !== undefined &&
      kept.split(last).length > kept.split(opening).length;
    if (!unbalanced && !'.,;:!?*_'.includes(last)) return kept;
    end--;
  }
}

/** Cuts a text into [{text}, {text, href}, …]. Only http and https become links. */
export function splitLinks(text) {
  const pieces = [];
  let at = 0;
  for (const match of text.matchAll(URL_PATTERN)) {
    const url = trimUrl(match[0]);
    if (!URL.canParse(url)) continue;
    if (match.index > at) pieces.push({ text: text.slice(at, match.index) });
    pieces.push({ text: url, href: new URL(url).href });
    at = match.index + url.length;
  }
  if (at < text.length) pieces.push({ text: text.slice(at) });
  return pieces;
}

/** Whether the nick stands in the text as a word of its own, in whatever case. */
export function mentions(text, nick) {
  if (nick === '') return false;
  const word = foldCase(nick).replace(/[.*+?^${}()|[\]\\]/g, '\\$&');
  return new RegExp(`(?<![\\p{L}\\p{N}_])${word}(?![\\p{L}\\p{N}_])`, 'u').test(foldCase(text));
}

/** Cuts a text into parts of at most bytesMax bytes of UTF-8, at a space where there is one. */
export function splitText(text, bytesMax) {
  const encoder = new TextEncoder();
  const parts = [];
  let rest = text;
  while (encoder.encode(rest).length > bytesMax) {
    // encodeInto stops before a character that does not fit whole.
    const { read } = encoder.encodeInto(rest, new Uint8Array(bytesMax));
    const space = rest.lastIndexOf(' ', read);
    const end = space > 0 ? space : read;
    parts.push(rest.slice(0, end));
    rest = rest.slice(space > 0 ? end + 1 : end);
  }
  if (rest !== '') parts.push(rest);
  return parts;
}

/** The number of the colour that a nick always has (class nick-0 … nick-11). */
export function nickColour(nick) {
  let hash = 0;
  for (const char of foldCase(nick)) hash = (hash * 31 + char.codePointAt(0)) >>> 0;
  return hash % NICK_COLOURS;
}
