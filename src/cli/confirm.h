/* Before a command takes something away, a person at a terminal sees what it comes to, and is asked. Where there is no
 * terminal (stdin and stderr), with --yes and in a dry run nothing is asked, and all goes on as without this.
 *
 * While a person thinks nothing is locked, and others may move tenants. The request then knows what was shown, and a
 * tenant that stands elsewhere by then fails without being touched (struct request: `shown`).
 */
#ifndef CLI_CONFIRM_H
#define CLI_CONFIRM_H

#include "cli/options.h"
#include "event/request.h"
#include "library/fleet.h"

/* Could a question come up? */
bool confirm_may_ask(const struct options *options);

/* Is the request one to ask about, and has nothing been shown yet? */
bool confirm_is_due(const struct options *options, const struct request *request);

/* Looks at the tenants, shows on stderr what would be done, and asks. True: go on, with request->shown set. False: not,
 * and *ret_exit_code says why. */
bool confirm(struct fleet *fleet, const struct options *options, struct request *request,
             int *ret_exit_code) MUST_CHECK;

#endif
