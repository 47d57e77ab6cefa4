// Package question says what to ask people.
//
// [Of] words a question about a fact that the model has a field for; declared
// facts and claims have questions of their own, which the checklist states. A
// [Book] gathers questions with the results that lack what they ask for, and
// tells which answers would decide most.
package question
