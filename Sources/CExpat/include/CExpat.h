// XML for streams from strangers: expat without what XMPP forbids, and with a bound on its memory.
//
// A document type, a comment, a processing instruction and a reference to an entity that XML does not define itself
// (RFC 6120 11.1) end the parsing; so does memory beyond the limit. Names come as "namespace}local", or "local" without a
// namespace. Input is UTF-8 whatever the XML declaration says (RFC 6120 11.6). A parser belongs to one thread at a time.
#ifndef CEXPAT_H
#define CEXPAT_H

#include <stddef.h>
#include <stdint.h>

#ifdef __cplusplus
extern "C" {
#endif

typedef struct gh_xml gh_xml;

typedef enum gh_xml_status {
    GH_XML_OK = 0,
    /// A handler has called gh_xml_stop.
    GH_XML_STOPPED = 1,
    /// Not well-formed, or a prefix without a namespace.
    GH_XML_MALFORMED = -1,
    /// A document type, comment, processing instruction or entity.
    GH_XML_RESTRICTED = -2,
    /// The limit of memory is reached, or memory is short.
    GH_XML_MEMORY = -3,
} gh_xml_status;

typedef struct gh_xml_handlers {
    void *context;
    /// `attributes` alternates names and values, 2 * `count` of them.
    void (*start)(void *context, const char *name, const char **attributes, size_t count);
    void (*end)(void *context);
    /// Not ended by NUL. Text may come in parts.
    void (*text)(void *context, const char *text, size_t length);
} gh_xml_handlers;

/// NULL when memory is short. `memory_limit` bounds what the parser holds, in bytes.
gh_xml *gh_xml_new(const gh_xml_handlers *handlers, size_t memory_limit);
void gh_xml_free(gh_xml *xml);

/// Begins a new document. Everything of the old one is forgotten.
gh_xml_status gh_xml_reset(gh_xml *xml);

/// Parses. After anything but GH_XML_OK only gh_xml_reset and gh_xml_free may follow.
gh_xml_status gh_xml_feed(gh_xml *xml, const uint8_t *bytes, size_t length);

/// In a handler: ends the parsing after this event, without an error.
void gh_xml_stop(gh_xml *xml);

/// In a handler: how many bytes of the document end with this event.
int64_t gh_xml_position(const gh_xml *xml);

/// Bytes held by the parser.
size_t gh_xml_memory(const gh_xml *xml);

/// Why parsing ended, for people.
const char *gh_xml_reason(const gh_xml *xml);

#ifdef __cplusplus
}
#endif
#endif
