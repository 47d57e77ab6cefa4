// Package message renders what a failure means in words: texts with {CEL}
// placeholders, which are compiled with the checklist ([Compile]) and filled in
// for one subject ([Template.Render]).
package message
