// Symmetric cryptography, hashes and random bytes.
//
// Every function answers 0 for success and a negative GH_E... number otherwise (see gh_errors.h).
// Nothing here keeps state of its own: contexts belong to the caller, one thread at a time.
#ifndef GH_CRYPTO_H
#define GH_CRYPTO_H

#include <stddef.h>
#include <stdint.h>

#ifdef __cplusplus
extern "C" {
#endif

/// AES-128 in CCM mode with one key. Opaque: its size differs between library versions.
typedef struct gh_ccm gh_ccm;

/// A context with `key` (16 bytes). NULL when memory is short. Keep one per key: expanding the key
/// allocates, using it afterwards does not.
gh_ccm *gh_ccm_new(const uint8_t *key);

/// Frees the context and wipes its key. NULL is allowed.
void gh_ccm_free(gh_ccm *ccm);

/// Encrypts `length` bytes of `plain` into `cipher` (may be the same buffer) and writes `tag_length` bytes of tag.
/// nonce_length 7...13; tag_length 4, 6, 8, 10, 12, 14 or 16. GH_EPARAMETER for other lengths.
int gh_ccm_encrypt(
    gh_ccm *ccm, const uint8_t *nonce, size_t nonce_length, const uint8_t *aad, size_t aad_length,
    const uint8_t *plain, size_t length, uint8_t *cipher, uint8_t *tag, size_t tag_length);

/// Decrypts and checks the tag in constant time. GH_EAUTHENTICATION when it does not fit; `plain` is then zero.
int gh_ccm_decrypt(
    gh_ccm *ccm, const uint8_t *nonce, size_t nonce_length, const uint8_t *aad, size_t aad_length,
    const uint8_t *cipher, size_t length, uint8_t *plain, const uint8_t *tag, size_t tag_length);

/// Encrypts one block of 16 bytes with AES-128 (resolving private addresses, tests). Does not allocate.
int gh_aes128_encrypt_block(const uint8_t *key, const uint8_t *input, uint8_t *output);

/// Decrypts one block of 16 bytes with AES-128 (sensors that send blocks). Does not allocate.
int gh_aes128_decrypt_block(const uint8_t *key, const uint8_t *input, uint8_t *output);

/// Hash functions by the length of their result in bytes.
typedef enum gh_hash {
    GH_SHA1 = 20,
    GH_SHA256 = 32,
    GH_SHA384 = 48,
    GH_SHA512 = 64,
} gh_hash;

/// The hash of `length` bytes; `output` has as many bytes as the value of `hash`.
int gh_hash_of(gh_hash hash, const uint8_t *input, size_t length, uint8_t *output);

/// HMAC; `output` has as many bytes as the value of `hash`.
int gh_hmac_of(
    gh_hash hash, const uint8_t *key, size_t key_length, const uint8_t *input, size_t length, uint8_t *output);

/// PBKDF2 with HMAC (RFC 8018 5.2).
int gh_pbkdf2(
    gh_hash hash, const uint8_t *password, size_t password_length, const uint8_t *salt, size_t salt_length,
    uint32_t iterations, uint8_t *output, size_t output_length);

/// Random bytes from the kernel. They need no state of ours, so any thread may ask, before and after a fork;
/// early in the boot the call waits until the kernel's generator is seeded.
int gh_random(uint8_t *output, size_t length);

/// 1 when the two ranges are equal, else 0, in a time that depends on `length` alone.
int gh_equal(const uint8_t *a, const uint8_t *b, size_t length);

/// Overwrites with zeros in a way that the compiler does not remove.
void gh_wipe(void *memory, size_t length);

/// Decodes base64 (RFC 4648 4; white space between is skipped as PEM needs it). Writes at most `capacity` bytes.
/// The number of bytes, or GH_EMALFORMED, or GH_ESPACE.
long gh_base64_decode(const uint8_t *text, size_t length, uint8_t *output, size_t capacity);

/// The version of the library the process runs with, as 0xMMNNPP00.
uint32_t gh_library_version(void);

/// The version of the headers the shim was compiled with, in the same form. Another series than the library's means
/// that structures differ.
uint32_t gh_header_version(void);

/// 1 when the library locks what its threads share.
int gh_library_has_threads(void);

/// Once before anything that may use PSA (the 3.6 series does inside TLS). Called by the other functions as needed.
int gh_library_initialize(void);

#ifdef __cplusplus
}
#endif
#endif
