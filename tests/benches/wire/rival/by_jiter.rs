//! The same types, filled by hand from jiter's iterator.

use std::borrow::Cow;

use jiter::{Jiter, JiterResult, JsonValue, NumberInt, Peek};

use super::message::{
    AnthropicEvent, Block, BlockDelta, Candidate, ChatCall, ChatChunk, ChatDelta, ChatUsage,
    Choice, Content, Function, GeminiChunk, GeminiUsage, Item, OllamaCall, OllamaLine,
    OllamaMessage, OutputTokens, Part, Response, ResponsesEvent, Text, WholeCall,
};

pub(super) fn chat(data: &str) -> JiterResult<ChatChunk<'_>> {
    let (mut json, mut chunk) = (Jiter::new(data.as_bytes()), ChatChunk::default());
    object(&mut json, &["choices", "usage"], |key, json| match key {
        0 => array(json, |json| {
            let mut choice = Choice::default();
            object(json, &["delta", "finish_reason"], |key, json| match key {
                0 => object(json, CHAT_DELTA, |key, json| chat_delta(json, key, &mut choice.delta)),
                _ => text(json).map(|text| choice.finish_reason = text),
            })?;
            chunk.choices.get_or_insert_default().push(choice);
            Ok(())
        }),
        _ => object(json, &["completion_tokens"], |_, json| {
            let completion_tokens = number(json)?;
            chunk.usage = Some(ChatUsage { completion_tokens });
            Ok(())
        }),
    })?;
    Ok(chunk)
}

const CHAT_DELTA: &[&str] = &["content", "reasoning", "reasoning_content", "tool_calls"];

fn chat_delta<'j>(json: &mut Jiter<'j>, key: usize, delta: &mut ChatDelta<'j>) -> JiterResult<()> {
    match key {
        0 => delta.content = text(json)?,
        1 => delta.reasoning = text(json)?,
        2 => delta.reasoning_content = text(json)?,
        _ => array(json, |json| {
            let mut call = ChatCall::default();
            object(json, &["index", "id", "function"], |key, json| {
                match key {
                    0 => call.index = number(json)? as usize,
                    1 => call.id = text(json)?,
                    _ => {
                        let mut function = Function::default();
                        object(json, &["name", "arguments"], |key, json| {
                            match key {
                                0 => function.name = text(json)?,
                                _ => function.arguments = text(json)?,
                            }
                            Ok(())
                        })?;
                        call.function = Some(function);
                    }
                }
                Ok(())
            })?;
            delta.tool_calls.get_or_insert_default().push(call);
            Ok(())
        })?,
    }
    Ok(())
}

pub(super) fn anthropic(data: &str) -> JiterResult<AnthropicEvent<'_>> {
    let (mut json, mut event) = (Jiter::new(data.as_bytes()), AnthropicEvent::default());
    object(&mut json, &["index", "content_block", "delta", "usage"], |key, json| {
        match key {
            0 => event.index = number(json)? as usize,
            1 => {
                let mut block = Block::default();
                object(json, &["id", "name"], |key, json| {
                    match key {
                        0 => block.id = text(json)?,
                        _ => block.name = text(json)?,
                    }
                    Ok(())
                })?;
                event.content_block = Some(block);
            }
            2 => {
                let mut delta = BlockDelta::default();
                let names = ["text", "thinking", "partial_json", "stop_reason"];
                object(json, &names, |key, json| {
                    match key {
                        0 => delta.text = text(json)?,
                        1 => delta.thinking = text(json)?,
                        2 => delta.partial_json = text(json)?,
                        _ => delta.stop_reason = text(json)?,
                    }
                    Ok(())
                })?;
                event.delta = Some(delta);
            }
            _ => event.usage = Some(output_tokens(json)?),
        }
        Ok(())
    })?;
    Ok(event)
}

pub(super) fn responses(data: &str) -> JiterResult<ResponsesEvent<'_>> {
    let (mut json, mut event) = (Jiter::new(data.as_bytes()), ResponsesEvent::default());
    let names = ["type", "output_index", "delta", "item", "response"];
    object(&mut json, &names, |key, json| {
        match key {
            0 => event.kind = text(json)?.unwrap_or_default(),
            1 => event.output_index = number(json)? as usize,
            2 => event.delta = text(json)?,
            3 => {
                let mut item = Item::default();
                object(json, &["call_id", "name"], |key, json| {
                    match key {
                        0 => item.call_id = text(json)?,
                        _ => item.name = text(json)?,
                    }
                    Ok(())
                })?;
                event.item = Some(item);
            }
            _ => {
                let mut response = Response::default();
                object(json, &["status", "usage"], |key, json| {
                    match key {
                        0 => response.status = text(json)?,
                        _ => response.usage = Some(output_tokens(json)?),
                    }
                    Ok(())
                })?;
                event.response = Some(response);
            }
        }
        Ok(())
    })?;
    Ok(event)
}

pub(super) fn gemini(data: &str) -> JiterResult<GeminiChunk<'_, &str>> {
    let mut json = Jiter::new(data.as_bytes());
    let mut chunk = GeminiChunk { candidates: Vec::new(), usage: None };
    object(&mut json, &["candidates", "usageMetadata"], |key, json| match key {
        0 => array(json, |json| {
            let mut candidate = Candidate { content: None, finish_reason: None };
            object(json, &["content", "finishReason"], |key, json| match key {
                0 => object(json, &["parts"], |_, json| {
                    let parts = &mut candidate.content.get_or_insert(NO_PARTS).parts;
                    array(json, |json| {
                        parts.push(part(data, json)?);
                        Ok(())
                    })
                }),
                _ => text(json).map(|text| candidate.finish_reason = text),
            })?;
            chunk.candidates.push(candidate);
            Ok(())
        }),
        _ => object(json, &["candidatesTokenCount"], |_, json| {
            let candidates_token_count = number(json)?;
            chunk.usage = Some(GeminiUsage { candidates_token_count });
            Ok(())
        }),
    })?;
    Ok(chunk)
}

const NO_PARTS: Content<'_, &str> = Content { parts: Vec::new() };

fn part<'j>(data: &'j str, json: &mut Jiter<'j>) -> JiterResult<Part<'j, &'j str>> {
    let mut part = Part { text: None, thought: false, function_call: None };
    object(json, &["text", "thought", "functionCall"], |key, json| {
        match key {
            0 => part.text = text(json)?,
            1 => part.thought = json.next_bool()?,
            _ => part.function_call = Some(whole_call(data, json, &["name", "args"])?),
        }
        Ok(())
    })?;
    Ok(part)
}

pub(super) fn ollama(data: &str) -> JiterResult<OllamaLine<'_, &str>> {
    let mut json = Jiter::new(data.as_bytes());
    let mut line = OllamaLine { message: None, done_reason: None, eval_count: 0 };
    object(&mut json, &["message", "done_reason", "eval_count"], |key, json| {
        match key {
            0 => {
                let mut message =
                    OllamaMessage { content: None, thinking: None, tool_calls: Vec::new() };
                object(json, &["content", "thinking", "tool_calls"], |key, json| {
                    match key {
                        0 => message.content = text(json)?,
                        1 => message.thinking = text(json)?,
                        _ => array(json, |json| {
                            let mut call = OllamaCall { function: None };
                            object(json, &["function"], |_, json| {
                                let function = whole_call(data, json, &["name", "arguments"])?;
                                call.function = Some(function);
                                Ok(())
                            })?;
                            message.tool_calls.push(call);
                            Ok(())
                        })?,
                    }
                    Ok(())
                })?;
                line.message = Some(message);
            }
            1 => line.done_reason = text(json)?,
            _ => line.eval_count = number(json)?,
        }
        Ok(())
    })?;
    Ok(line)
}

fn whole_call<'j>(
    data: &'j str,
    json: &mut Jiter<'j>,
    names: &[&str],
) -> JiterResult<WholeCall<'j, &'j str>> {
    let mut call = WholeCall { name: None, args: None };
    object(json, names, |key, json| {
        match key {
            0 => call.name = text(json)?,
            _ => {
                // White space before the value belongs to nobody.
                json.peek()?;
                let start = json.current_index();
                json.next_skip()?;
                call.args = data.get(start..json.current_index());
            }
        }
        Ok(())
    })?;
    Ok(call)
}

fn output_tokens(json: &mut Jiter<'_>) -> JiterResult<OutputTokens> {
    let mut usage = OutputTokens::default();
    object(json, &["output_tokens"], |_, json| {
        usage.output_tokens = number(json)?;
        Ok(())
    })?;
    Ok(usage)
}

/// Gives each member whose key is one of `names` to `each`, with the place of the name.
fn object<'j>(
    json: &mut Jiter<'j>,
    names: &[&str],
    mut each: impl FnMut(usize, &mut Jiter<'j>) -> JiterResult<()>,
) -> JiterResult<()> {
    if json.peek()? == Peek::Null {
        return json.known_null();
    }
    let place = |key: &str| names.iter().position(|name| *name == key);
    let mut next = json.next_object()?.map(place);
    while let Some(place_of) = next {
        match place_of {
            Some(at) => each(at, json)?,
            None => json.next_skip()?,
        }
        next = json.next_key()?.map(place);
    }
    Ok(())
}

fn array<'j>(
    json: &mut Jiter<'j>,
    mut each: impl FnMut(&mut Jiter<'j>) -> JiterResult<()>,
) -> JiterResult<()> {
    if json.peek()? == Peek::Null {
        return json.known_null();
    }
    let mut next = json.next_array()?;
    while next.is_some() {
        each(json)?;
        next = json.array_step()?;
    }
    Ok(())
}

fn text<'j>(json: &mut Jiter<'j>) -> JiterResult<Option<Text<'j>>> {
    Ok(match json.next_value()? {
        JsonValue::Str(text) => Some(Text(text)),
        JsonValue::Null => None,
        _ => Some(Text(Cow::Borrowed(""))),
    })
}

fn number(json: &mut Jiter<'_>) -> JiterResult<u32> {
    let NumberInt::Int(number) = json.next_int()?;
    Ok(u32::try_from(number).unwrap_or(0))
}
