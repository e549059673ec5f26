/* What a head means, and what is refused: through the parser, so that llhttp has its say too. */
#include "unit/proto/http_vector.h"

#define GET "GET / HTTP/1.1\r\nHost: a\r\n"
#define POST "POST / HTTP/1.1\r\nHost: a\r\n"

Test(http_request, reads_what_is_well_formed)
{
    static const struct http_vector VECTORS[] = {
        {"plain", TEXT("GET /a/b HTTP/1.1\r\nHost: x.example:80\r\n\r\n"),
         "GET /a/b 1.1 x.example:80\nend\n"},
        {"query", TEXT("GET /a?b=c?d HTTP/1.1\r\nHost: a\r\n\r\n"), "GET /a?b=c?d 1.1 a\nend\n"},
        {"absolute target wins over Host",
         TEXT("GET http://b.example/p?q HTTP/1.1\r\nHost: a\r\n\r\n"),
         "GET /p?q 1.1 b.example\nend\n"},
        {"absolute target without path", TEXT("GET HTTPS://b?q HTTP/1.1\r\nHost: a\r\n\r\n"),
         "GET /?q 1.1 b\nend\n"},
        {"asterisk", TEXT("OPTIONS * HTTP/1.1\r\nHost: a\r\n\r\n"), "OPTIONS * 1.1 a\nend\n"},
        {"empty Host", TEXT("GET / HTTP/1.1\r\nHost:\r\n\r\n"), "GET / 1.1 \nend\n"},
        {"IPv6 Host", TEXT("GET / HTTP/1.1\r\nhOST:[::1]:8080 \t\r\n\r\n"),
         "GET / 1.1 [::1]:8080\nend\n"},
        {"HTTP/1.0 needs no Host", TEXT("GET / HTTP/1.0\r\n\r\n"), "GET / 1.0  closes\nend\n"},
        {"HTTP/1.0 stays if it says so",
         TEXT("GET / HTTP/1.0\r\nConnection: x, Keep-Alive\r\n\r\n"),
         "GET / 1.0 \nConnection=x, Keep-Alive\nend\n"},
        {"close wins", TEXT(GET "Connection: keep-alive\r\nConnection: x,\tCLOSE\r\n\r\n"),
         "GET / 1.1 a closes\nConnection=keep-alive\nConnection=x,\tCLOSE\nend\n"},
        {"duplicates keep their order", TEXT(GET "X: 1\r\nY: 2\r\nx: 3\r\n\r\n"),
         "GET / 1.1 a\nX=1\nY=2\nx=3\nend\n"},
        {"white space around a value", TEXT(GET "X: \t v w\t \r\nY:\r\n\r\n"),
         "GET / 1.1 a\nX=v w\nY=\nend\n"},
        {"bytes above ASCII in a value", TEXT(GET "X: \xc3\xa4\r\n\r\n"),
         "GET / 1.1 a\nX=\xc3\xa4\nend\n"},
        {"length in another case", TEXT(POST "cONTENT-lENGTH:\t5 \r\n\r\nhello"),
         "POST / 1.1 a\ncONTENT-lENGTH=5\nbody hello\nend\n"},
        {"leading zeros of a length", TEXT(POST "Content-Length: 0005\r\n\r\nhello"),
         "POST / 1.1 a\nContent-Length=0005\nbody hello\nend\n"},
        {"no body", TEXT(POST "Content-Length: 0\r\n\r\n"),
         "POST / 1.1 a\nContent-Length=0\nend\n"},
        {"chunked in another case", TEXT(POST "Transfer-Encoding: CHUNKED\r\n\r\n0\r\n\r\n"),
         "POST / 1.1 a chunked\nTransfer-Encoding=CHUNKED\nend\n"},
        {"expectation", TEXT(POST "Expect: 100-Continue\r\nContent-Length: 1\r\n\r\nx"),
         "POST / 1.1 a expects\nExpect=100-Continue\nContent-Length=1\nbody x\nend\n"},
        {"HTTP/1.0 cannot expect",
         TEXT("POST / HTTP/1.0\r\nExpect: 100-continue\r\nContent-Length: 1\r\n\r\nx"),
         "POST / 1.0  closes\nExpect=100-continue\nContent-Length=1\nbody x\nend\n"},
        {"body of a GET", TEXT(GET "Content-Length: 1\r\n\r\nx"),
         "GET / 1.1 a\nContent-Length=1\nbody x\nend\n"},
        {"every method",
         TEXT("HEAD / HTTP/1.0\r\n\r\nPUT / HTTP/1.0\r\n\r\nDELETE / HTTP/1.0\r\n\r\n"
              "TRACE / HTTP/1.0\r\n\r\nPATCH / HTTP/1.0\r\n\r\n"),
         "HEAD / 1.0  closes\nend\nPUT / 1.0  closes\nend\nDELETE / 1.0  closes\nend\n"
         "TRACE / 1.0  closes\nend\nPATCH / 1.0  closes\nend\n"},
    };
    VECTORS_RUN(VECTORS, &TRACE_LIMITS);
}

Test(http_request, refuses_malformed_request_lines)
{
    static const struct http_vector VECTORS[] = {
        {"no version", TEXT("GET /\r\n"), "failed 400\n"},
        {"no target", TEXT("GET HTTP/1.1\r\n"), "failed 400\n"},
        {"nothing but a word", TEXT("hello\r\n"), "failed 400\n"},
        {"two spaces before the target", TEXT("GET  / HTTP/1.1\r\n"), "failed 400\n"},
        {"two spaces before the version", TEXT("GET /  HTTP/1.1\r\n"), "failed 400\n"},
        {"space behind the version", TEXT("GET / HTTP/1.1 \r\n"), "failed 400\n"},
        {"space first", TEXT(" GET / HTTP/1.1\r\n"), "failed 400\n"},
        {"tab for a space", TEXT("GET\t/ HTTP/1.1\r\n"), "failed 400\n"},
        {"no token", TEXT("G@T / HTTP/1.1\r\n"), "failed 400\n"},
        {"version in small letters", TEXT("GET / http/1.1\r\n"), "failed 400\n"},
        {"version of three digits", TEXT("GET / HTTP/1.10\r\n"), "failed 400\n"},
        {"version without a point", TEXT("GET / HTTP/1x1\r\n"), "failed 400\n"},
        {"another protocol", TEXT("SETUP / RTSP/1.0\r\n"), "failed 400\n"},
        {"bytes above ASCII in the target", TEXT("GET /\xc3\xa4 HTTP/1.1\r\n"), "failed 400\n"},
        {"fragment", TEXT("GET /#x HTTP/1.1\r\n"), "failed 400\n"},
        {"relative target", TEXT("GET a HTTP/1.1\r\n"), "failed 400\n"},
        {"asterisk of another method", TEXT("GET * HTTP/1.1\r\n"), "failed 400\n"},
        {"absolute target without host", TEXT("GET http:///x HTTP/1.1\r\n"), "failed 400\n"},
        {"user information", TEXT("GET http://u@h/ HTTP/1.1\r\n"), "failed 400\n"},
        {"another scheme", TEXT("GET ftp://h/ HTTP/1.1\r\n"), "failed 400\n"},
        {"HTTP/0.9", TEXT("GET / HTTP/0.9\r\n"), "failed 505\n"},
        {"HTTP/1.2", TEXT("GET / HTTP/1.2\r\n"), "failed 505\n"},
        {"HTTP/2.0", TEXT("GET / HTTP/2.0\r\n"), "failed 505\n"},
        {"HTTP/2 preface", TEXT("PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n"), "failed 505\n"},
        {"unknown method", TEXT("BREW / HTTP/1.1\r\n"), "failed 501\n"},
        {"method in small letters", TEXT("get / HTTP/1.1\r\n"), "failed 501\n"},
        {"method of WebDAV", TEXT("PROPFIND / HTTP/1.1\r\n"), "failed 501\n"},
        {"tunnel", TEXT("CONNECT a:80 HTTP/1.1\r\n"), "failed 501\n"},
    };
    VECTORS_RUN(VECTORS, &TRACE_LIMITS);
}

Test(http_request, refuses_all_but_one_host)
{
    static const struct http_vector VECTORS[] = {
        {"none", TEXT("GET / HTTP/1.1\r\n\r\n"), "failed 400\n"},
        {"none beside an absolute target", TEXT("GET http://a/ HTTP/1.1\r\n\r\n"), "failed 400\n"},
        {"two", TEXT(GET "Host: b\r\n\r\n"), "failed 400\n"},
        {"two alike", TEXT(GET "host: a\r\n\r\n"), "failed 400\n"},
        {"two in HTTP/1.0", TEXT("GET / HTTP/1.0\r\nHost: a\r\nHost: a\r\n\r\n"), "failed 400\n"},
        {"a path in it", TEXT("GET / HTTP/1.1\r\nHost: a/b\r\n\r\n"), "failed 400\n"},
        {"a user in it", TEXT("GET / HTTP/1.1\r\nHost: u@a\r\n\r\n"), "failed 400\n"},
        {"a space in it", TEXT("GET / HTTP/1.1\r\nHost: a b\r\n\r\n"), "failed 400\n"},
    };
    VECTORS_RUN(VECTORS, &TRACE_LIMITS);
}

Test(http_request, refuses_malformed_headers)
{
    static const struct http_vector VECTORS[] = {
        {"space before the colon", TEXT(GET "X : y\r\n\r\n"), "failed 400\n"},
        {"tab before the colon", TEXT(GET "X\t: y\r\n\r\n"), "failed 400\n"},
        {"space before the colon of a length", TEXT(POST "Content-Length : 5\r\n\r\nhello"),
         "failed 400\n"},
        {"space before the colon of an encoding",
         TEXT(POST "Transfer-Encoding : chunked\r\n\r\n0\r\n\r\n"), "failed 400\n"},
        {"folded by a space", TEXT(GET "X: a\r\n b\r\n\r\n"), "failed 400\n"},
        {"folded by a tab", TEXT(GET "X: a\r\n\tb\r\n\r\n"), "failed 400\n"},
        {"folded to nothing", TEXT(GET "X: a\r\n \r\n\r\n"), "failed 400\n"},
        {"folded encoding", TEXT(POST "Transfer-Encoding:\r\n chunked\r\n\r\n0\r\n\r\n"),
         "failed 400\n"},
        {"folded before the first", TEXT("GET / HTTP/1.1\r\n Host: a\r\n\r\n"), "failed 400\n"},
        {"no colon", TEXT(GET "X\r\n\r\n"), "failed 400\n"},
        {"no name", TEXT(GET ": x\r\n\r\n"), "failed 400\n"},
        {"no token", TEXT(GET "X(y): z\r\n\r\n"), "failed 400\n"},
        {"name above ASCII", TEXT(GET "\xc3\xa4: z\r\n\r\n"), "failed 400\n"},
        {"zero in a name", TEXT(GET "X\0Y: z\r\n\r\n"), "failed 400\n"},
        {"zero in a value", TEXT(GET "X: y\0z\r\n\r\n"), "failed 400\n"},
        {"control byte in a value", TEXT(GET "X: y\x01z\r\n\r\n"), "failed 400\n"},
        {"escape in a value", TEXT(GET "X: y\x1bz\r\n\r\n"), "failed 400\n"},
        {"delete in a value", TEXT(GET "X: y\x7fz\r\n\r\n"), "failed 400\n"},
        {"vertical tab in an encoding",
         TEXT(POST "Transfer-Encoding: \x0b"
                   "chunked\r\n\r\n"),
         "failed 400\n"},
        {"zero in the request line", TEXT("GET /\0 HTTP/1.1\r\n"), "failed 400\n"},
    };
    VECTORS_RUN(VECTORS, &TRACE_LIMITS);
}

Test(http_request, refuses_bare_cr_and_lf)
{
    static const struct http_vector VECTORS[] = {
        {"LF ends the request line", TEXT("GET / HTTP/1.1\nHost: a\r\n\r\n"), "failed 400\n"},
        {"LF ends a header", TEXT("GET / HTTP/1.1\r\nHost: a\n\r\n"), "failed 400\n"},
        {"LF ends the head", TEXT(GET "\n"), "failed 400\n"},
        {"nothing but LF", TEXT("GET / HTTP/1.1\nHost: a\n\n"), "failed 400\n"},
        {"LF first", TEXT("\nGET / HTTP/1.1\r\n"), "failed 400\n"},
        {"CR in the request line", TEXT("GET /\r HTTP/1.1\r\n"), "failed 400\n"},
        {"CR ends the request line", TEXT("GET / HTTP/1.1\rHost: a\r\n\r\n"), "failed 400\n"},
        {"CR in a value", TEXT(GET "X: a\rb\r\n\r\n"), "failed 400\n"},
        {"CR ends a value", TEXT(GET "X: a\rContent-Length: 5\r\n\r\nhello"), "failed 400\n"},
        {"CR in a name", TEXT(GET "X\rY: a\r\n\r\n"), "failed 400\n"},
        {"CR CR LF", TEXT(GET "X: a\r\r\n\r\n"), "failed 400\n"},
        {"CR for the empty line", TEXT(GET "\rX"), "failed 400\n"},
        {"CR first", TEXT("\rGET / HTTP/1.1\r\n"), "failed 400\n"},
    };
    VECTORS_RUN(VECTORS, &TRACE_LIMITS);
}

Test(http_request, refuses_ambiguous_lengths)
{
    static const struct http_vector VECTORS[] = {
        {"both", TEXT(POST "Content-Length: 5\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n"),
         "failed 400\n"},
        {"both, the other way",
         TEXT(POST "Transfer-Encoding: chunked\r\nContent-Length: 5\r\n\r\n0\r\n\r\n"),
         "failed 400\n"},
        {"both, length zero",
         TEXT(POST "Transfer-Encoding: chunked\r\nContent-Length: 0\r\n\r\n0\r\n\r\n"),
         "failed 400\n"},
        {"two that differ", TEXT(POST "Content-Length: 5\r\nContent-Length: 6\r\n\r\nhello!"),
         "failed 400\n"},
        {"two alike", TEXT(POST "Content-Length: 5\r\ncontent-length: 5\r\n\r\nhello"),
         "failed 400\n"},
        {"two, the first empty", TEXT(POST "Content-Length:\r\nContent-Length: 5\r\n\r\nhello"),
         "failed 400\n"},
        {"a list", TEXT(POST "Content-Length: 5, 5\r\n\r\nhello"), "failed 400\n"},
        {"two words", TEXT(POST "Content-Length: 5 5\r\n\r\nhello"), "failed 400\n"},
        {"plus", TEXT(POST "Content-Length: +5\r\n\r\nhello"), "failed 400\n"},
        {"minus", TEXT(POST "Content-Length: -1\r\n\r\nhello"), "failed 400\n"},
        {"letters behind", TEXT(POST "Content-Length:  5x\r\n\r\nhello"), "failed 400\n"},
        {"hexadecimal", TEXT(POST "Content-Length: 0x5\r\n\r\nhello"), "failed 400\n"},
        {"a point", TEXT(POST "Content-Length: 5.0\r\n\r\nhello"), "failed 400\n"},
        {"empty", TEXT(POST "Content-Length:\r\n\r\n"), "failed 400\n"},
        {"2^64", TEXT(POST "Content-Length: 18446744073709551616\r\n\r\n"), "failed 400\n"},
        {"2^64 + 5", TEXT(POST "Content-Length: 18446744073709551621\r\n\r\nhello"),
         "failed 400\n"},
        {"far beyond 64 bits", TEXT(POST "Content-Length: 99999999999999999999999\r\n\r\n"),
         "failed 400\n"},
        {"2^64 - 1 is a number", TEXT(POST "Content-Length: 18446744073709551615\r\n\r\n"),
         "failed 413\n"},
    };
    VECTORS_RUN(VECTORS, &TRACE_LIMITS);
}

Test(http_request, refuses_every_encoding_but_chunked)
{
    static const struct http_vector VECTORS[] = {
        {"chunked, identity", TEXT(POST "Transfer-Encoding: chunked, identity\r\n\r\n"),
         "failed 400\n"},
        {"identity, chunked", TEXT(POST "Transfer-Encoding: identity, chunked\r\n\r\n"),
         "failed 501\n"},
        {"gzip, chunked", TEXT(POST "Transfer-Encoding: gzip , chunked\r\n\r\n"), "failed 501\n"},
        {"chunked, gzip", TEXT(POST "Transfer-Encoding: chunked, gzip\r\n\r\n"), "failed 400\n"},
        {"identity", TEXT(POST "Transfer-Encoding: identity\r\n\r\n"), "failed 400\n"},
        {"xchunked", TEXT(POST "Transfer-Encoding: xchunked\r\n\r\n"), "failed 400\n"},
        {"chunkedx", TEXT(POST "Transfer-Encoding: chunkedx\r\n\r\n"), "failed 400\n"},
        {"quoted", TEXT(POST "Transfer-Encoding: \"chunked\"\r\n\r\n"), "failed 400\n"},
        {"with a parameter", TEXT(POST "Transfer-Encoding: chunked;q=1\r\n\r\n"), "failed 400\n"},
        {"empty", TEXT(POST "Transfer-Encoding:\r\n\r\n"), "failed 400\n"},
        {"comma behind", TEXT(POST "Transfer-Encoding: chunked,\r\n\r\n"), "failed 400\n"},
        {"comma before", TEXT(POST "Transfer-Encoding: ,chunked\r\n\r\n"), "failed 400\n"},
        {"twice in one", TEXT(POST "Transfer-Encoding: chunked, chunked\r\n\r\n"), "failed 400\n"},
        {"twice", TEXT(POST "Transfer-Encoding: chunked\r\nTransfer-Encoding: chunked\r\n\r\n"),
         "failed 400\n"},
        {"two", TEXT(POST "Transfer-Encoding: chunked\r\nTransfer-Encoding: identity\r\n\r\n"),
         "failed 400\n"},
        {"HTTP/1.0", TEXT("POST / HTTP/1.0\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n"),
         "failed 400\n"},
    };
    VECTORS_RUN(VECTORS, &TRACE_LIMITS);
}

/* Where llhttp would refuse as well, today: not to be left to its version. */
Test(http_request, refuses_before_llhttp_is_asked)
{
    static const struct {
        struct span in;
        const char *reason;
    } CASES[] = {
        {TEXT(GET "X: a\nb\r\n\r\n"), "bare LF"},
        {TEXT(GET "X: a\rb\r\n\r\n"), "bare CR"},
        {TEXT(GET "X: a\x7f\r\n\r\n"), "control byte"},
        {TEXT(GET "X: a\r\n b\r\n\r\n"), "folded header"},
        {TEXT(GET "X : a\r\n\r\n"), "malformed header name"},
        {TEXT(POST "Content-Length: 1\r\nTransfer-Encoding: chunked\r\n\r\n"),
         "both Content-Length and Transfer-Encoding"},
        {TEXT(POST "Content-Length: 1\r\nContent-Length: 1\r\n\r\n"),
         "more than one Content-Length"},
        {TEXT(POST "Transfer-Encoding: chunked\r\nTransfer-Encoding: chunked\r\n\r\n"),
         "more than one Transfer-Encoding"},
        {TEXT(POST "Transfer-Encoding: chunked, identity\r\n\r\n"), "ambiguous Transfer-Encoding"},
        {TEXT(POST "Content-Length: 1, 1\r\n\r\n"), "malformed Content-Length"},
        {TEXT(POST "Content-Length: 18446744073709551616\r\n\r\n"), "malformed Content-Length"},
        {TEXT(POST "Content-Length: 18446744073709551620\r\n\r\n"), "malformed Content-Length"},
    };
    for (size_t i = 0; i < sizeof(CASES) / sizeof(CASES[0]); i++) {
        struct http_trace t;
        trace_init(&t, &TRACE_LIMITS);
        cr_expect_not(trace_feed(&t, CASES[i].in));
        cr_expect_str_eq(t.parser.refusal.reason, CASES[i].reason, "case %zu: %s", i,
                         t.parser.refusal.reason);
        trace_deinit(&t);
    }
}

Test(http_request, finds_methods_by_their_names)
{
    static const char *const UNKNOWN[] = {"", "GE", "GETS", "get", "CONNECT"};
    enum http_method method;
    for (int m = HTTP_METHOD_GET; m <= HTTP_METHOD_PATCH; m++) {
        cr_assert(http_method_find(span_str(http_method_name((enum http_method)m)), &method));
        cr_assert_eq((int)method, m);
    }
    for (size_t i = 0; i < sizeof(UNKNOWN) / sizeof(UNKNOWN[0]); i++)
        cr_assert_not(http_method_find(span_str(UNKNOWN[i]), &method), "%s", UNKNOWN[i]);
}
