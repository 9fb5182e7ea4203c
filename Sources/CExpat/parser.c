#include "CExpat.h"

#include <expat.h>
#include <malloc.h>
#include <stdlib.h>

// In expat since 2.6.0, and in what distributions have mended. An expat without it does not defer.
extern XML_Bool XML_SetReparseDeferralEnabled(XML_Parser parser, XML_Bool enabled) __attribute__((weak));

struct gh_xml {
    XML_Parser parser;
    gh_xml_handlers handlers;
    size_t memory, memory_limit;
    /// Why a handler of ours has stopped the parser.
    gh_xml_status stop;
    const char *reason;
};

// Expat's memory functions have no context: this is the parser at work on this thread. Set around every call into expat.
static _Thread_local gh_xml *current;

// Usable sizes are rounded up, so the sum may pass the limit by the last block's rounding.
static int is_allowed(size_t more) {
    return current->memory <= current->memory_limit && more <= current->memory_limit - current->memory;
}

static void *counted_malloc(size_t size) {
    if (!is_allowed(size)) return NULL;
    void *block = malloc(size);
    if (block != NULL) current->memory += malloc_usable_size(block);
    return block;
}

static void counted_free(void *block) {
    if (block == NULL) return;
    current->memory -= malloc_usable_size(block);
    free(block);
}

static void *counted_realloc(void *block, size_t size) {
    if (block == NULL) return counted_malloc(size);
    size_t before = malloc_usable_size(block);
    if (size > before && !is_allowed(size - before)) return NULL;
    void *moved = realloc(block, size);
    if (moved == NULL) return NULL;
    current->memory = current->memory - before + malloc_usable_size(moved);
    return moved;
}

static const XML_Memory_Handling_Suite counted = {counted_malloc, counted_realloc, counted_free};

static void restricted(gh_xml *xml, const char *reason) {
    if (xml->stop != GH_XML_OK) return;
    xml->stop = GH_XML_RESTRICTED;
    xml->reason = reason;
    XML_StopParser(xml->parser, XML_FALSE);
}

static void XMLCALL on_start(void *data, const XML_Char *name, const XML_Char **attributes) {
    gh_xml *xml = data;
    // Expat may end what it has begun with one more event.
    if (xml->stop != GH_XML_OK) return;
    size_t count = 0;
    while (attributes[count] != NULL) count += 2;
    xml->handlers.start(xml->handlers.context, name, attributes, count / 2);
}

static void XMLCALL on_end(void *data, const XML_Char *name) {
    gh_xml *xml = data;
    (void)name;
    if (xml->stop == GH_XML_OK) xml->handlers.end(xml->handlers.context);
}

static void XMLCALL on_text(void *data, const XML_Char *text, int length) {
    gh_xml *xml = data;
    if (xml->stop == GH_XML_OK) xml->handlers.text(xml->handlers.context, text, (size_t)length);
}

static void XMLCALL on_doctype(
    void *data, const XML_Char *name, const XML_Char *system, const XML_Char *public, int has_subset) {
    (void)name, (void)system, (void)public, (void)has_subset;
    restricted(data, "a document type declaration");
}

static void XMLCALL on_comment(void *data, const XML_Char *text) {
    (void)text;
    restricted(data, "a comment");
}

static void XMLCALL on_instruction(void *data, const XML_Char *target, const XML_Char *text) {
    (void)target, (void)text;
    restricted(data, "a processing instruction");
}

static void XMLCALL on_skipped_entity(void *data, const XML_Char *name, int is_parameter) {
    (void)name, (void)is_parameter;
    restricted(data, "a reference to an entity");
}

static void set_up(gh_xml *xml) {
    XML_SetUserData(xml->parser, xml);
    // Deferral waits with an unfinished tag until twice as much is there: the last tag of a stanza would wait for the next
    // stanza. What it protects from, tags that come in small parts, is bounded by the caller's limit on a tag.
    if (XML_SetReparseDeferralEnabled != NULL) XML_SetReparseDeferralEnabled(xml->parser, XML_FALSE);
    XML_SetElementHandler(xml->parser, on_start, on_end);
    XML_SetCharacterDataHandler(xml->parser, on_text);
    XML_SetStartDoctypeDeclHandler(xml->parser, on_doctype);
    XML_SetCommentHandler(xml->parser, on_comment);
    XML_SetProcessingInstructionHandler(xml->parser, on_instruction);
    XML_SetSkippedEntityHandler(xml->parser, on_skipped_entity);
    xml->stop = GH_XML_OK;
    xml->reason = "";
}

gh_xml *gh_xml_new(const gh_xml_handlers *handlers, size_t memory_limit) {
    gh_xml *xml = calloc(1, sizeof *xml);
    if (xml == NULL) return NULL;
    xml->handlers = *handlers;
    xml->memory_limit = memory_limit;
    gh_xml *before = current;
    current = xml;
    xml->parser = XML_ParserCreate_MM("UTF-8", &counted, "}");
    if (xml->parser == NULL) {
        free(xml);
        xml = NULL;
    } else {
        set_up(xml);
    }
    current = before;
    return xml;
}

void gh_xml_free(gh_xml *xml) {
    if (xml == NULL) return;
    gh_xml *before = current;
    current = xml;
    XML_ParserFree(xml->parser);
    current = before;
    free(xml);
}

gh_xml_status gh_xml_reset(gh_xml *xml) {
    gh_xml *before = current;
    current = xml;
    // A new parser and not XML_ParserReset, which keeps the largest buffers and tables for the next document.
    XML_ParserFree(xml->parser);
    xml->memory = 0;
    xml->parser = XML_ParserCreate_MM("UTF-8", &counted, "}");
    if (xml->parser != NULL) set_up(xml);
    current = before;
    return xml->parser != NULL ? GH_XML_OK : GH_XML_MEMORY;
}

gh_xml_status gh_xml_feed(gh_xml *xml, const uint8_t *bytes, size_t length) {
    if (xml->parser == NULL) return GH_XML_MEMORY;
    gh_xml *before = current;
    current = xml;
    gh_xml_status status = GH_XML_OK;
    // Expat takes an int; a socket never brings as much at once.
    while (length > 0 && status == GH_XML_OK) {
        int part = length > 1 << 20 ? 1 << 20 : (int)length;
        if (XML_Parse(xml->parser, (const char *)bytes, part, XML_FALSE) != XML_STATUS_OK) {
            enum XML_Error error = XML_GetErrorCode(xml->parser);
            if (xml->stop != GH_XML_OK) {
                status = xml->stop;
            } else if (error == XML_ERROR_NO_MEMORY) {
                status = GH_XML_MEMORY;
                xml->reason = "more names and text than the parser may hold";
            } else if (error == XML_ERROR_UNDEFINED_ENTITY || error == XML_ERROR_RECURSIVE_ENTITY_REF) {
                status = GH_XML_RESTRICTED;
                xml->reason = "a reference to an entity";
            } else {
                status = GH_XML_MALFORMED;
                xml->reason = XML_ErrorString(error);
            }
        }
        bytes += part;
        length -= (size_t)part;
    }
    current = before;
    return status;
}

void gh_xml_stop(gh_xml *xml) {
    if (xml->stop != GH_XML_OK) return;
    xml->stop = GH_XML_STOPPED;
    xml->reason = "stopped";
    XML_StopParser(xml->parser, XML_FALSE);
}

int64_t gh_xml_position(const gh_xml *xml) {
    return (int64_t)XML_GetCurrentByteIndex(xml->parser) + XML_GetCurrentByteCount(xml->parser);
}

size_t gh_xml_memory(const gh_xml *xml) { return xml->memory; }

const char *gh_xml_reason(const gh_xml *xml) { return xml->reason; }
