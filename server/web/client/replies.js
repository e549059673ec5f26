// Answers to what was asked, in plain words. Each entry gets the parameters after our own nick and
// gives what to say in the conversation looked at.

const MINUTE = 60, HOUR = 60 * MINUTE, DAY = 24 * HOUR;

function duration(seconds) {
  if (seconds < MINUTE) return `${seconds} s`;
  if (seconds < HOUR) return `${Math.floor(seconds / MINUTE)} min`;
  if (seconds < DAY) return `${Math.floor(seconds / HOUR)} h`;
  return `${Math.floor(seconds / DAY)} days`;
}

export const REPLIES = {
  301: (nick, text) => `${nick} is away: ${text}`,
  305: () => 'You are back.',
  306: () => 'You are away.',
  311: (nick, user, host, _, realname) => `${nick} is ${realname} (${user}@${host})`,
  313: (nick) => `${nick} is an operator of this server.`,
  317: (nick, idle, signon) => `${nick} has said nothing for ${duration(Number(idle))}, and came ` +
    `${new Date(Number(signon) * 1000).toLocaleString()}.`,
  319: (nick, channels) => `${nick} is in ${channels}`,
  335: (nick) => `${nick} is a bot.`,
  338: (nick, _, address) => `${nick} comes from ${address}`,
  341: (nick, channel) => `${nick} is invited to ${channel}.`,
  367: (channel, mask, who = '') =>
    `Banned from ${channel}: ${mask}${who && `, by ${who.split('!')[0]}`}`,
  671: (nick) => `${nick} has a secure connection.`,
};

// What only says that an answer is over, or which server it is about.
export const SILENT = ['312', '318', '368'];
