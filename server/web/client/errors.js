// Error numerics in plain words. Each entry gets the parameters after our own nick and gives
// what to say.

const NICK_RULES = 'A nickname begins with a letter or one of _ [ ] { } \\ | ^ `, and goes on ' +
  'with those, digits and -.';

const ERRORS = {
  401: (name) => `There is nobody called ${name} here.`,
  402: (name) => `There is no server called ${name}.`,
  403: (name) => name.startsWith('#')
    ? `There is no channel called ${name}.`
    : `“${name}” is not a channel: channel names begin with #.`,
  404: () => 'Your message was not delivered: this channel does not take messages from you.',
  405: (name) => `You are in too many channels to join ${name}. Leave one first.`,
  411: () => 'Nobody was named to send this to.',
  412: () => 'There was nothing to send.',
  417: () => 'That was too long for one line. Nothing was sent.',
  421: (name) => `The server does not know the command ${name}.`,
  431: () => 'Please choose a nickname.',
  432: (name) => `“${name}” cannot be a nickname, or is too long. ${NICK_RULES}`,
  433: (name) => `The nickname ${name} is taken. Choose another one.`,
  441: (nick, channel) => `${nick} is not in ${channel}.`,
  442: (name) => `You are not in ${name}.`,
  461: (name) => `${name} needs more than that. /help lists the commands.`,
  464: () => 'This server asks for a password, or that one was wrong.',
  465: () => 'You are banned from this server.',
  471: (name) => `${name} is full.`,
  472: (mode) => `The server does not know the mode ${mode}.`,
  473: (name) => `${name} is by invitation only.`,
  474: (name) => `You are banned from ${name}.`,
  475: (name) => `${name} asks for a key: /join ${name} KEY`,
  476: (name) => `“${name}” cannot be a channel name.`,
  482: (name) => `Only operators of ${name} may do that.`,
  502: () => 'You can change only your own modes.',
};

// Which of those parameters names the channel or person that the error is about: the first one,
// but for these. -1: none, it is about what was typed.
const ABOUT = { 421: -1, 432: -1, 433: -1, 441: 1, 461: -1, 472: -1 };

/** Explains an error numeric: {about, text}; what is not in the table says what the server said. */
export function explainError(message) {
  const details = message.params.slice(1, -1);
  const explain = ERRORS[Number(message.command)];
  const about = details[ABOUT[message.command] ?? 0] ?? '';
  if (explain !== undefined && details.length >= explain.length)
    return { about, text: explain(...details) };
  return { about, text: message.params.slice(1).join(' ') };
}
