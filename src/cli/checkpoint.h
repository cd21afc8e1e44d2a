/* What `check` asks of the chain's checkpoints. */
#ifndef CLI_CHECKPOINT_H
#define CLI_CHECKPOINT_H

struct fleet;

/* Do all of them make what their revisions make? The exit code; what is wrong is told. */
int cli_check_checkpoints(struct fleet *fleet);

#endif
