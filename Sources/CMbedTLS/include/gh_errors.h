// Error numbers of this shim. The two library series number and group theirs differently, so that no caller sees them:
// `gh_last_library_error()` gives the original for the log.
#ifndef GH_ERRORS_H
#define GH_ERRORS_H

#include <stddef.h>

enum {
    GH_OK = 0,
    /// More input is needed first.
    GH_WANT_READ = -1,
    /// The output window is full: empty it and call again with the same arguments.
    GH_WANT_WRITE = -2,
    /// The peer has said close_notify: no more data will come.
    GH_CLOSED = -3,
    /// The transport ended without close_notify.
    GH_TRUNCATED = -4,

    GH_EPARAMETER = -10,
    GH_EMEMORY = -11,
    GH_EINTERNAL = -12,
    GH_EMALFORMED = -13,
    GH_ESPACE = -14,
    GH_EAUTHENTICATION = -15,
    GH_EUNSUPPORTED = -16,

    /// The peer's certificate was refused: gh_tls_verdict() says which certificate and why.
    GH_EVERIFY = -20,
    /// A client certificate was required and none came.
    GH_ENOCERTIFICATE = -21,
    /// The peer sent a fatal alert: gh_tls_alert() has its number.
    GH_EALERT = -22,
    /// No cipher suite, version, group or signature algorithm in common.
    GH_ENEGOTIATION = -23,
    /// A handshake signature does not fit the peer's certificate: it does not hold the private key.
    GH_ESIGNATURE = -24,
    /// A record did not authenticate.
    GH_ERECORD = -25,
    /// The peer broke the protocol.
    GH_EPROTOCOL = -26,
    /// ALPN: no protocol in common.
    GH_EALPN = -27,
    /// A private key does not fit its certificate.
    GH_EKEYMISMATCH = -28,
    /// A PEM key is encrypted with a password.
    GH_EPASSWORD = -29,
};

/// The library's own number behind the last error of this thread, 0 for none.
int gh_last_library_error(void);

/// Text for a library number, as the library words it. Always ends with NUL.
void gh_library_error_text(int number, char *text, size_t capacity);

#endif
