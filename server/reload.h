/* What is read again while the server runs. */
#pragma once

struct server;

/* Reads the certificates and the message of the day again, as HUP and REHASH ask for. On loop 0. */
void reload_begin(struct server *s);
