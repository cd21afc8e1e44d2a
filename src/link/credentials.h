/* The logins of a run: who shares one, its password, and whether a server has refused it.
 *
 * A login is a server, a user and a source of the password, be it a file of libpq's that the URL names.
 * Its password is fetched once, on a thread, and cleared at the end.
 */
#ifndef LINK_CREDENTIALS_H
#define LINK_CREDENTIALS_H

#include <uv.h>

#include "inventory/inventory.h"

struct credentials;

typedef void (*credential_done_fn)(void *ctx, const char *password, const struct err *err);

struct credentials *credentials_new(uv_loop_t *loop);
void credentials_free(struct credentials *credentials); /* nothing may be under way */

/* The login of a tenant: an index from 0; *ret_is_new where no tenant before had it. */
uint32_t credentials_add(struct credentials *credentials, const struct tenant *tenant,
                         bool *ret_is_new);

/* True: *ret_password is at hand (NULL: there is none). False: on_done brings it later. */
bool credentials_password(struct credentials *credentials, uint32_t index,
                          credential_done_fn on_done, void *ctx, const char **ret_password);

/* credentials_refuse notes that the server refused the login when this tenant tried it, or that its password could
 * not be had. The second function gives the name of that tenant; NULL: the login was not refused. */
void credentials_refuse(struct credentials *credentials, uint32_t index, const char *tenant);
const char *credentials_refused(const struct credentials *credentials, uint32_t index);

/* Adds to a server's refusal why this machine has no password for the login, where the inventory or the ledger says so. */
void credentials_explain(const struct password *password, struct err *err);

/* Notes the password with which the client library got in by itself: from now on it is kept out of texts too. */
void credentials_learn(struct credentials *credentials, uint32_t index, const char *password);

/* Masks the login's password in a text that came from a server, those of URLs, and those that SQL sets (secret_redact_sql). */
void credentials_redact(const struct credentials *credentials, uint32_t index, char *text,
                        size_t size);

/* The same with the passwords of all logins that are known by now. */
void credentials_redact_all(const struct credentials *credentials, char *text, size_t size);

/* Does the text hold a password that is known by now? (secret_is_in) */
bool credentials_are_in(const struct credentials *credentials, const char *text, size_t len);

#endif
