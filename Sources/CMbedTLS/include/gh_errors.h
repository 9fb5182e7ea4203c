// Error numbers of this shim. The two library series number and group theirs differently, so that no caller sees them:
// `gh_last_library_error()` gives the original for the log.
#ifndef GH_ERRORS_H
#define GH_ERRORS_H

#include <stddef.h>

// Macros, not an enumeration: Swift then sees them as the Int32 that the functions answer.

#define GH_OK 0
/// More input is needed first.
#define GH_WANT_READ (-1)
/// The output window is full: empty it and call again with the same arguments.
#define GH_WANT_WRITE (-2)
/// The peer has said close_notify: no more data will come.
#define GH_CLOSED (-3)
/// The transport ended without close_notify.
#define GH_TRUNCATED (-4)
/// Datagrams: the peer was asked to prove its address; nothing is kept of it.
#define GH_HELLO_VERIFY (-5)
/// Datagrams: the peer has started anew with a proven address; this session is over.
#define GH_RESTARTED (-6)

#define GH_EPARAMETER (-10)
#define GH_EMEMORY (-11)
#define GH_EINTERNAL (-12)
#define GH_EMALFORMED (-13)
#define GH_ESPACE (-14)
#define GH_EAUTHENTICATION (-15)
#define GH_EUNSUPPORTED (-16)

/// The peer's certificate was refused: gh_tls_verdict() says which certificate and why.
#define GH_EVERIFY (-20)
/// A client certificate was required and none came.
#define GH_ENOCERTIFICATE (-21)
/// The peer sent a fatal alert: gh_tls_alert() has its number.
#define GH_EALERT (-22)
/// No cipher suite, version, group or signature algorithm in common.
#define GH_ENEGOTIATION (-23)
/// A handshake signature does not fit the peer's certificate: it does not hold the private key.
#define GH_ESIGNATURE (-24)
/// A record did not authenticate.
#define GH_ERECORD (-25)
/// The peer broke the protocol.
#define GH_EPROTOCOL (-26)
/// Datagrams: the peer did not answer any repetition of a flight.
#define GH_ETIMEOUT (-27)
/// A private key does not fit its certificate.
#define GH_EKEYMISMATCH (-28)
/// A PEM key is encrypted with a password.
#define GH_EPASSWORD (-29)
/// The peer's PSK identity is unknown here.
#define GH_EIDENTITY (-30)

/// The library's own number behind the last error of this thread, 0 for none.
int gh_last_library_error(void);

/// Text for a library number, as the library words it. Always ends with NUL.
void gh_library_error_text(int number, char *text, size_t capacity);

#endif
