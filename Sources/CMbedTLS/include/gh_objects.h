// What signed and encrypted objects (JOSE, COSE) need: elliptic keys as numbers, signatures as r || s, key agreement,
// AES-GCM and AES key wrap.
//
// Every function answers 0 for success and a negative GH_E... number otherwise (see gh_errors.h). Numbers are of fixed
// length, the upper byte first: gh_curve_width() bytes.
#ifndef GH_OBJECTS_H
#define GH_OBJECTS_H

#include <stddef.h>
#include <stdint.h>

#ifdef __cplusplus
extern "C" {
#endif

/// Curves of FIPS 186-4 by their size in bits.
typedef enum gh_curve {
    GH_P256 = 256,
    GH_P384 = 384,
    GH_P521 = 521,
} gh_curve;

enum {
    /// Bytes of the longest coordinate.
    GH_CURVE_WIDTH_MAX = 66,
};

/// Bytes of a coordinate or a scalar; 0 for a curve that is not known.
size_t gh_curve_width(gh_curve curve);

/// A public key: a point. Only read once made, but the library computes in it: one thread at a time.
typedef struct gh_point gh_point;
/// A private key: a scalar with its point. One thread at a time.
typedef struct gh_scalar gh_scalar;

/// The point of two coordinates. NULL with *status set: GH_EMALFORMED when it does not lie on the curve.
gh_point *gh_point_new(gh_curve curve, const uint8_t *x, const uint8_t *y, int *status);
void gh_point_free(gh_point *point);

/// A new key.
gh_scalar *gh_scalar_generate(gh_curve curve, int *status);
/// The key of a number. NULL with *status set: GH_EMALFORMED when it is 0 or beyond the curve's order.
gh_scalar *gh_scalar_new(gh_curve curve, const uint8_t *d, int *status);
/// Frees the key and wipes it. NULL is allowed.
void gh_scalar_free(gh_scalar *scalar);
/// The number itself, which is secret.
int gh_scalar_number(const gh_scalar *scalar, uint8_t *d);
/// The coordinates of its point.
int gh_scalar_point(const gh_scalar *scalar, uint8_t *x, uint8_t *y);

/// An ECDSA signature over a hash as r || s, with a nonce made from key and hash (RFC 6979). `hash` says which function
/// made the hash.
int gh_scalar_sign(gh_scalar *scalar, gh_hash function, const uint8_t *hash, uint8_t *raw);
/// Checks r || s. GH_ESIGNATURE when it does not fit.
int gh_point_verify(gh_point *point, const uint8_t *hash, size_t hash_length, const uint8_t *raw);
/// ECDH: the x coordinate of the shared point. Both of one curve, else GH_EPARAMETER.
int gh_scalar_agree(gh_scalar *scalar, const gh_point *point, uint8_t *shared);

/// AES-GCM with a key of 16, 24 or 32 bytes, a nonce of 12 and a tag of 16, as JOSE and COSE have it.
int gh_gcm_encrypt(
    const uint8_t *key, size_t key_length, const uint8_t *nonce, const uint8_t *aad, size_t aad_length,
    const uint8_t *plain, size_t length, uint8_t *cipher, uint8_t *tag);
/// Decrypts and checks the tag in constant time. GH_EAUTHENTICATION when it does not fit; `plain` is then zero.
int gh_gcm_decrypt(
    const uint8_t *key, size_t key_length, const uint8_t *nonce, const uint8_t *aad, size_t aad_length,
    const uint8_t *cipher, size_t length, uint8_t *plain, const uint8_t *tag);

/// AES key wrap (RFC 3394; NIST SP 800-38F KW). `length` is a multiple of 8 from 16 to 1024; `wrapped` takes 8 more
/// bytes.
int gh_key_wrap(
    const uint8_t *key, size_t key_length, const uint8_t *plain, size_t length, uint8_t *wrapped);
/// `length` counts the wrapped bytes; `plain` takes 8 fewer. GH_EAUTHENTICATION when it does not fit.
int gh_key_unwrap(
    const uint8_t *key, size_t key_length, const uint8_t *wrapped, size_t length, uint8_t *plain);

#ifdef __cplusplus
}
#endif
#endif
