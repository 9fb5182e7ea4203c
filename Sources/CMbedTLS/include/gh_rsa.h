// RSA keys as those of XEP-0324's tokens are used: made, and decrypted with.
#ifndef GH_RSA_H
#define GH_RSA_H

#include "gh_keys.h"

#ifdef __cplusplus
extern "C" {
#endif

/// A new RSA key with the exponent 65537. Takes up to some seconds on a small processor. NULL when it failed.
gh_key *gh_key_generate_rsa(uint32_t bits);

/// Encrypts for a public key (SubjectPublicKeyInfo): RSA-OAEP with SHA-1 and MGF1-SHA-1, or with `is_v15` RSAES-PKCS1-v1_5.
/// The length or an error.
long gh_public_encrypt(
    const uint8_t *public_der, size_t public_length, int is_v15, const uint8_t *plain, size_t length, uint8_t *output,
    size_t capacity);

/// Decrypts what one of the two paddings was used for, which nothing tells: OAEP is tried first, then v1.5.
///
/// Gives no oracle of v1.5's padding: a block that is of neither form makes random-looking bytes of a plausible length,
/// always the same ones for the same block and key (implicit rejection), in a time that does not depend on the padding.
/// The length; GH_EPARAMETER when the block is not as long as the modulus; GH_EUNSUPPORTED for a key that is not RSA.
long gh_key_decrypt(gh_key *key, const uint8_t *block, size_t length, uint8_t *output, size_t capacity);

#ifdef __cplusplus
}
#endif
#endif
