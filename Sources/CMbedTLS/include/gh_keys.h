// Private keys, signatures, certificates and certificate requests.
#ifndef GH_KEYS_H
#define GH_KEYS_H

#include <stddef.h>
#include <stdint.h>

#ifdef __cplusplus
extern "C" {
#endif

/// A private key, EC or RSA. One thread at a time.
typedef struct gh_key gh_key;

typedef enum gh_key_kind { GH_KEY_OTHER = 0, GH_KEY_EC = 1, GH_KEY_RSA = 2 } gh_key_kind;

gh_key *gh_key_generate_p256(void);

/// PEM (`length` then counts a final NUL) or DER: SEC 1, PKCS #1 or PKCS #8. NULL with *status set otherwise:
/// GH_EPASSWORD, GH_EMALFORMED, GH_EUNSUPPORTED or GH_EMEMORY.
gh_key *gh_key_parse(const uint8_t *bytes, size_t length, int *status);
void gh_key_free(gh_key *key);

gh_key_kind gh_key_kind_of(const gh_key *key);
uint32_t gh_key_bits(const gh_key *key);

/// The private key as SEC 1 or PKCS #1 DER; the length, or GH_ESPACE.
long gh_key_private_der(gh_key *key, uint8_t *output, size_t capacity);
/// The public key as SubjectPublicKeyInfo; the length, or GH_ESPACE.
long gh_key_public_der(gh_key *key, uint8_t *output, size_t capacity);

/// A signature over a SHA-256 hash (32 bytes): DER of ECDSA, or RSA PKCS #1 v1.5. The length or an error.
long gh_key_sign(gh_key *key, const uint8_t *hash, uint8_t *output, size_t capacity);
/// Checks a signature of gh_key_sign against a SubjectPublicKeyInfo. GH_ESIGNATURE when it does not fit.
int gh_public_verify(
    const uint8_t *public_der, size_t public_length, const uint8_t *hash, const uint8_t *signature,
    size_t signature_length);
/// ECDSA DER to the fixed form r || s, `width` bytes each (JWS and COSE use it), and back.
int gh_signature_to_raw(const uint8_t *der, size_t length, uint8_t *raw, size_t width);
long gh_signature_from_raw(const uint8_t *raw, size_t width, uint8_t *der, size_t capacity);

/// A PKCS #10 request in DER, signed with SHA-256. `subject` like "CN=uuid:…". The length or an error.
long gh_request_create(gh_key *key, const char *subject, uint8_t *output, size_t capacity);
/// Parses and checks the signature of a request: its subject as text and its SubjectPublicKeyInfo.
int gh_request_read(
    const uint8_t *der, size_t length, char *subject, size_t subject_capacity, uint8_t *public_der,
    size_t *public_length);

enum {
    GH_USAGE_PRESENT = 1,
    GH_USAGE_ANY = 2,
    GH_USAGE_SERVER = 4,
    GH_USAGE_CLIENT = 8,
    /// 1.3.6.1.4.1.44924.1.6, an OCF identity.
    GH_USAGE_OCF_IDENTITY = 16,
    /// 1.3.6.1.4.1.44924.1.7, an OCF role.
    GH_USAGE_OCF_ROLE = 32,
};

/// What is read of a certificate. Texts end with NUL and are cut to fit.
typedef struct gh_cert_info {
    /// Seconds since 1970.
    int64_t not_before, not_after;
    uint32_t is_ca;
    uint32_t key_kind, key_bits;
    /// GH_USAGE_... of the extended key usage extension.
    uint32_t extended_key_usage;
    /// How many CN attributes the subject has; the bytes are the first one's.
    uint32_t common_name_count, common_name_length;
    uint8_t common_name[256];
    char subject[256], issuer[256];
    char serial[80];
    /// "DNS:a.example, IP:192.0.2.1"; empty without the extension.
    char alternative_names[512];
} gh_cert_info;

int gh_cert_info_of(const uint8_t *der, size_t length, gh_cert_info *info);

/// The SubjectPublicKeyInfo of a certificate; the length or an error.
long gh_cert_public_der(const uint8_t *der, size_t length, uint8_t *output, size_t capacity);

/// GH_OK when the key belongs to the certificate, else GH_EKEYMISMATCH.
int gh_cert_fits_key(const uint8_t *der, size_t length, gh_key *key);

/// Issues a certificate in DER; the length or an error.
///
/// `public_der` is the subject's SubjectPublicKeyInfo; names like "CN=uuid:…"; times "YYYYMMDDhhmmss" in UTC;
/// `key_usage` the bits of RFC 5280 4.2.1.3 as the library has them (digitalSignature 0x80, keyAgreement 0x08,
/// keyCertSign 0x04, cRLSign 0x02); the last two ranges are the DER of the extensions' values, length 0 for none.
long gh_cert_issue(
    gh_key *issuer_key, const char *issuer, const char *subject, const uint8_t *public_der, size_t public_length,
    const uint8_t *serial, size_t serial_length, const char *not_before, const char *not_after, int is_ca,
    unsigned key_usage, const uint8_t *extended_key_usage, size_t extended_key_usage_length,
    const uint8_t *alternative_names, size_t alternative_names_length, uint8_t *output, size_t capacity);

#ifdef __cplusplus
}
#endif
#endif
