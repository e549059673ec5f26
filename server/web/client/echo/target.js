// Where to send, given what was chosen: the address for the browser, and what one types in a shell.

/** "delay_ms=100&rst": flags stand without a value. `faults` is a list of [name, value]. */
export function queryOf(faults) {
  return faults.map(([name, value]) => {
    const text = encodeURIComponent(value).replaceAll('%2F', '/').replaceAll('%3A', ':');
    return value === '' ? name : `${name}=${text}`;
  }).join('&');
}

/** The endpoint's address. `page` is the location of this page; `on` is 'ws' or 'http'. */
export function urlOf(page, on, faults) {
  const url = new URL('/echo', page);
  if (on === 'ws') url.protocol = url.protocol.replace('http', 'ws');
  url.search = queryOf(faults);
  return url.href;
}

/** What to show and copy: an address, or a command for a shell. */
export function commandOf(page, on, faults) {
  if (on === 'ws') return urlOf(page, on, faults);
  if (on === 'http') return `curl -i ${quoted(urlOf(page, on, faults))}`;
  const line = faults.length === 0 ? '' : `?${queryOf(faults)}\\n`;
  // A percent sign means something to printf.
  const text = quoted(`${line}hello\\n`.replaceAll('%', '%%'));
  return `printf ${text} | nc ${new URL(page).hostname} 7007`;
}

function quoted(text) {
  return `'${text.replaceAll("'", "'\\''")}'`;
}
