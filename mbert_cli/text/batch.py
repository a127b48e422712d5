"""The contract of a batch: what the data room yields and every model, loss and engine receives.

A batch is a plain dict of NumPy arrays whose first axis is the batch. Axis names below: `batch` examples,
`length` tokens of one example, `predictions` slots for masked tokens of one example.

Both kinds of batch:
    token_ids: (batch, length) int32. `[CLS] A [SEP]` or `[CLS] A [SEP] B [SEP]`, then `[PAD]` (id 0).
    segment_ids: (batch, length) int32. 0 for `[CLS] A [SEP]` and padding, 1 for `B [SEP]`.
    padding_mask: (batch, length) int32. 1 for a real token, 0 for padding.

Pre-training batches also, and those of text without masks only the last:
    masked_positions: (batch, predictions) int32. Ascending; 0 in unused slots.
    masked_ids: (batch, predictions) int32. The original tokens at those positions; 0 in unused slots.
    masked_weights: (batch, predictions) float32. 1 for a used slot, 0 for an unused one.
    next_sentence: (batch,) int32. 0 where B follows A in the document, 1 where B is random.

Task batches also:
    labels: (batch,) int32 indices in the task's list of labels, or float32 numbers of a regression.
    example_weights: (batch,) float32. 1 for an example, 0 for a row that only fills up a
        last, partial batch and repeats an example of it.

Task batches for an artifact that has its tokenizer inside also:
    texts: (batch,) bytes. Each text in UTF-8.

Batches of a task where an example may have several labels have instead of those:
    labels: (batch, labels) float32. 1 for each label that the example has, else 0.

Batches of a task that looks for answers have instead of labels:
    start_positions: (batch,) int32. Column of the answer's first token; 0, which is `[CLS]`, for no answer.
    end_positions: (batch,) int32. Column of its last token; 0 as above.

Batches of a task that labels tokens have other labels, and their weights:
    labels: (batch, length) int32 indices in the task's list of labels; 0 for tokens without a label.
    label_weights: (batch, length) float32. 1 for the first token of a word, which stands for the word, in the row
        where the word has the most context; 0 for other tokens, marks and padding, and in rows that only fill up.

Task batches for a student, where some rows come from texts that nobody labelled, also:
    hard_weights: (batch,) float32. 1 for a row with labels, 0 for a row whose labels mean nothing and from which
        only the teacher's outputs are learned.

Task batches with what a teacher said of their rows, recorded in place of a teacher that runs, also have those of
    teacher_logits: (batch, outputs) or (batch, length, outputs) float32, as the teacher's network returns them.
    teacher_hidden_<place>: (batch, length, teacher's hidden_dim) float32; 0 for padding.
    teacher_attention_<place>: (batch, teacher's heads, query, key) float32, before the softmax; a large negative
        number where the key is padding, and 0 where the query alone is.
    teacher_queries_<place>, teacher_keys_<place>, teacher_values_<place>: (batch, length, teacher's block_dim)
        float32; 0 for padding.
"""

import numpy as np

Batch = dict[str, np.ndarray]
