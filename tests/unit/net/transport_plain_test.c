#include "net/transport.h"

#include "unit/net/script.h"

TestSuite(transport_plain, .init = fix_init, .fini = fix_done);

static unsigned client;

static struct conn *connected(void)
{
    client = script_connect(swallow);
    return client_conn(client);
}

static enum io_result send_text(struct conn *c, const char *text, size_t *taken)
{
    struct iovec iov = {(void *)(uintptr_t)text, strlen(text)};
    return transport_plain.write(c, &iov, 1, taken);
}

Test(transport_plain, is_that_of_a_connection_without_tls)
{
    struct conn *c = connected();
    cr_assert_eq(transport_of(c), &transport_plain);
    cr_assert(transport_plain.is_ready(c));
    cr_assert_eq(transport_pending_bytes(c), 0);
}

Test(transport_plain, reads_what_is_there_up_to_its_cap)
{
    struct conn *c = connected();
    uint8_t to[8];
    size_t got;
    client_send_bytes(client, SPAN("abcdefghij"));
    cr_assert_eq(transport_plain.read(c, to, 8, &got), IO_OK);
    expect_span(span_of(to, got), SPAN("abcdefgh"));
    cr_assert_eq(transport_plain.read(c, to, 8, &got), IO_OK);
    expect_span(span_of(to, got), SPAN("ij"));
    cr_assert_eq(METRIC(reads), 2);
}

Test(transport_plain, nothing_to_read_is_no_error)
{
    struct conn *c = connected();
    uint8_t to[8];
    size_t got = 99;
    cr_assert_eq(transport_plain.read(c, to, 8, &got), IO_AGAIN);
    cr_assert_eq(got, 0);
}

Test(transport_plain, tells_the_end_of_input)
{
    struct conn *c = connected();
    uint8_t to[8];
    size_t got = 99;
    shutdown(fix.clients[client].fd, SHUT_WR);
    cr_assert_eq(transport_plain.read(c, to, 8, &got), IO_EOF);
    cr_assert_eq(got, 0);
}

Test(transport_plain, tells_a_reset)
{
    struct conn *c = connected();
    uint8_t to[8];
    size_t n;
    cr_assert_eq(send_text(c, "unread", &n), IO_OK);
    close(fix.clients[client].fd);
    fix.clients[client].fd = -1;
    cr_assert_eq(transport_plain.read(c, to, 8, &n), IO_FAILED);
    cr_assert_eq(errno, ECONNRESET);
}

Test(transport_plain, writes_pieces_in_their_order)
{
    struct conn *c = connected();
    struct iovec iov[3] = {{(char[]){"ab"}, 2}, {(char[]){"c"}, 1}, {(char[]){"def"}, 3}};
    size_t taken;
    cr_assert_eq(transport_plain.write(c, iov, 3, &taken), IO_OK);
    cr_assert_eq(taken, 6);
    cr_assert_eq(METRIC(writes), 1);
    HEARS(client, "abcdef");
}

Test(transport_plain, a_full_socket_takes_a_part_and_then_nothing)
{
    struct conn *c = connected();
    static uint8_t much[4 * 1024 * 1024];
    struct iovec iov = {much, sizeof(much)};
    size_t taken;
    cr_assert_eq(transport_plain.write(c, &iov, 1, &taken), IO_OK);
    cr_assert_gt(taken, 0);
    cr_assert_lt(taken, sizeof(much));
    cr_assert_eq(transport_plain.write(c, &iov, 1, &taken), IO_AGAIN);
    cr_assert_eq(taken, 0);
}

Test(transport_plain, a_peer_that_is_gone_is_an_error_and_no_signal)
{
    struct conn *c = connected();
    size_t taken = 99;
    close(fix.clients[client].fd);
    fix.clients[client].fd = -1;
    cr_assert_eq(send_text(c, "x", &taken), IO_FAILED);
    cr_assert_eq(errno, EPIPE);
    cr_assert_eq(taken, 0);
    struct iovec iov[2] = {{(char[]){"a"}, 1}, {(char[]){"b"}, 1}};
    cr_assert_eq(transport_plain.write(c, iov, 2, &taken), IO_FAILED);
}

Test(transport_plain, a_shutdown_ends_output_only)
{
    struct conn *c = connected();
    uint8_t to[8];
    size_t n;
    cr_assert_eq(transport_plain.shutdown(c), IO_OK);
    cr_assert_not(client_read(client));
    client_send_bytes(client, SPAN("late"));
    cr_assert_eq(transport_plain.read(c, to, 8, &n), IO_OK);
    cr_assert_eq(n, 4);
    cr_assert_eq(send_text(c, "x", &n), IO_FAILED);
}
